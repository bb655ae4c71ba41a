//! Whole numbers in as few bytes as they need: seven bits a byte, the lowest first; the eighth says that more follow.

/// Appends a number.
pub(super) fn put(mut number: u64, bytes: &mut Vec<u8>) {
    while number > 0x7F {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// The number that stands at `at`, which moves behind it. None at the end.
#[inline]
pub(super) fn get(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = *bytes.get(*at)?;
        *at += 1;
        number |= u64::from(byte & 0x7F) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let numbers = [0, 1, 127, 128, 300, 1 << 14, u64::from(u32::MAX), u64::MAX];
        let mut bytes = Vec::new();
        for number in numbers {
            put(number, &mut bytes);
        }
        let mut at = 0;
        let found: Vec<u64> = std::iter::from_fn(|| get(&bytes, &mut at)).collect();
        assert_eq!((found.as_slice(), at), (&numbers[..], bytes.len()));
        assert_eq!(&bytes[..3], [0, 1, 127]);
    }
}
