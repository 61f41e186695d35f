import { connect } from 'easysync-wasm/node';

const address = process.argv[2] ?? 'http://127.0.0.1:9001/p/demo';
const pad = await connect(address, { name: 'A program' });
console.log(pad.text);
pad.append(`\nThere are ${pad.text.trim().split(/\s+/).length} words here.`);
await pad.close(); // resolves when the server has it
