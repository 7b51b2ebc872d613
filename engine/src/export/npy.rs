//! Matrices of 32-bit floats in NumPy's `.npy` format (NEP 1).
//!
//! Only what embeddings need: two dimensions, `<f4`, rows one after the other (C order). The format is a line of text
//! before the bytes, so that numbers stream from a table to a file and back without a crate that wants all of them at once.

use super::ExportError;
use std::io::Read;

const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// What the header's length is a multiple of.
const ALIGNMENT: usize = 64;
/// A longer header is not that of a matrix.
const MAX_HEADER: usize = 1 << 16;

/// What stands before the numbers of a matrix.
pub fn npy_header(rows: usize, columns: usize) -> Vec<u8> {
    let mut text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    let before = MAGIC.len() + 4;
    while !(before + text.len() + 1).is_multiple_of(ALIGNMENT) {
        text.push(' ');
    }
    text.push('\n');
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    [MAGIC.as_slice(), &[1, 0], &length.to_le_bytes(), text.as_bytes()].concat()
}

/// Appends numbers as the file has them.
pub fn npy_bytes(numbers: &[f32], bytes: &mut Vec<u8>) {
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

/// Appends the numbers that whole groups of four bytes stand for.
pub fn npy_numbers(bytes: &[u8], numbers: &mut Vec<f32>) {
    let (groups, _) = bytes.as_chunks::<4>();
    numbers.extend(groups.iter().map(|group| f32::from_le_bytes(*group)));
}

/// Reads what stands before the numbers: `(rows, columns)`.
///
/// # Errors
/// [`ExportError::NotNpy`] for anything but a matrix of 32-bit floats in C order; [`ExportError::Io`].
pub fn read_npy_header(input: &mut impl Read) -> Result<(usize, usize), ExportError> {
    let wrong = |message: &str| ExportError::NotNpy { message: message.to_owned() };
    let ended = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => wrong("it ends before its header does"),
        _ => ExportError::Io(error),
    };
    let mut start = [0; 8];
    input.read_exact(&mut start).map_err(ended)?;
    if &start[..6] != MAGIC {
        return Err(wrong("it does not begin as such a file does"));
    }
    let length = if start[6] == 1 {
        let mut length = [0; 2];
        input.read_exact(&mut length).map_err(ended)?;
        usize::from(u16::from_le_bytes(length))
    } else {
        let mut length = [0; 4];
        input.read_exact(&mut length).map_err(ended)?;
        u32::from_le_bytes(length) as usize
    };
    if length > MAX_HEADER {
        return Err(wrong("its header is too long"));
    }
    let mut text = vec![0; length];
    input.read_exact(&mut text).map_err(ended)?;
    let text = String::from_utf8_lossy(&text);
    if value(&text, "descr").is_none_or(|kind| !kind.starts_with("'<f4'")) {
        return Err(wrong("its numbers are not little-endian 32-bit floats ('<f4'): convert it with astype('<f4')"));
    }
    if value(&text, "fortran_order").is_none_or(|order| !order.starts_with("False")) {
        return Err(wrong("its numbers are not in C order: convert it with numpy.ascontiguousarray"));
    }
    let shape = value(&text, "shape").and_then(|shape| shape.strip_prefix('(')?.split_once(')'));
    let sizes: Option<Vec<usize>> = shape.and_then(|(sizes, _)| {
        sizes.split(',').map(str::trim).filter(|n| !n.is_empty()).map(|n| n.parse().ok()).collect()
    });
    match sizes.as_deref() {
        Some([rows, columns]) => Ok((*rows, *columns)),
        _ => Err(wrong("it does not hold a matrix of two dimensions")),
    }
}

/// What follows a key of the header's dictionary.
fn value<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = header.split_once(&format!("'{key}'"))?;
    Some(rest.trim_start().strip_prefix(':')?.trim_start())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]
mod tests {
    use super::*;

    #[test]
    fn a_header_comes_back() {
        for (rows, columns) in [(0, 1), (1, 1), (14_541, 128), (usize::MAX, 2048)] {
            let header = npy_header(rows, columns);
            assert_eq!(header.len() % ALIGNMENT, 0);
            assert_eq!(read_npy_header(&mut header.as_slice()).unwrap(), (rows, columns));
        }
    }

    #[test]
    fn numbers_come_back() {
        let numbers = [0.0, -1.5, f32::MIN_POSITIVE, 3.0e38];
        let (mut bytes, mut back) = (Vec::new(), Vec::new());
        npy_bytes(&numbers, &mut bytes);
        npy_numbers(&bytes, &mut back);
        assert_eq!(back, numbers);
    }

    #[test]
    fn other_files_are_refused() {
        let header = |text: &str| {
            let length = (text.len() as u16).to_le_bytes();
            [MAGIC.as_slice(), &[1, 0], &length, text.as_bytes()].concat()
        };
        for bytes in [
            b"PK\x03\x04 not an npy file".to_vec(),
            MAGIC.to_vec(),
            header("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }"),
            header("{'descr': '<f4', 'fortran_order': True, 'shape': (3, 4), }"),
            header("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }"),
            header("{'descr': '<f4', 'fortran_order': False, 'shape': (3, -4), }"),
            header("nonsense"),
        ] {
            assert!(matches!(read_npy_header(&mut bytes.as_slice()), Err(ExportError::NotNpy { .. })), "{bytes:?}");
        }
    }
}
