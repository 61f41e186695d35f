#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| easysync_fuzz::client(data));
