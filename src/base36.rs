//! Numbers in base 36, digits `0-9a-z`, as changesets write them.

use std::fmt;

/// Shows a number in base 36.
pub(crate) struct Base36(pub u64);

impl Base36 {
    /// Appends the digits as code units.
    pub(crate) fn push_to(&self, out: &mut Vec<u16>) {
        let mut buffer = [0; 13];
        out.extend(self.digits(&mut buffer).iter().map(|&digit| u16::from(digit)));
    }

    /// The digits as ASCII; 13 are enough for 64 bits.
    fn digits<'a>(&self, buffer: &'a mut [u8; 13]) -> &'a [u8] {
        let mut rest = self.0;
        let mut first = buffer.len();
        for (at, place) in buffer.iter_mut().enumerate().rev() {
            *place = match (rest % 36) as u8 {
                digit @ 0..10 => b'0' + digit,
                digit => b'a' + digit - 10,
            };
            first = at;
            rest /= 36;
            if rest == 0 {
                break;
            }
        }
        buffer.get(first..).unwrap_or_default()
    }
}

impl fmt::Display for Base36 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(self.digits(&mut [0; 13])).unwrap_or_default())
    }
}

/// The value of a digit. Looked up, because whether a digit is a letter is not to be foreseen.
pub(crate) fn digit(unit: u32) -> Option<u32> {
    VALUES.get(unit as usize).filter(|&&value| value < 36).map(|&value| u32::from(value))
}

/// The values of digits by their code units; 36 for what is none.
#[allow(clippy::indexing_slicing, reason = "whether it is within is seen when this is compiled")]
const VALUES: [u8; 128] = {
    let mut values = [36; 128];
    let mut value = 0;
    while value < 36 {
        values[if value < 10 { b'0' + value } else { b'a' + value - 10 } as usize] = value;
        value += 1;
    }
    values
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_worth_what_they_are_elsewhere() {
        for unit in 0..0x300 {
            let wanted = char::from_u32(unit).filter(|c| !c.is_ascii_uppercase()).and_then(|c| c.to_digit(36));
            assert_eq!(digit(unit), wanted, "{unit:x}");
        }
    }

    #[test]
    fn numbers_print_as_in_javascript() {
        for (number, text) in [(0, "0"), (35, "z"), (36, "10"), (1295, "zz"), (u64::MAX, "3w5e11264sgsf")] {
            assert_eq!(Base36(number).to_string(), text);
        }
    }
}
