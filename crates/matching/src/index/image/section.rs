//! Sections of an image, which carry their name, length and checksum; no meaning of their content.

use std::io::{self, Read, Write};

use crc32fast::Hasher;

use super::ImageError;

/// Bytes that are put together before they are written.
const BUFFER: usize = 1 << 16;
/// Room that is made before any of a section's bytes was seen.
const FIRST_ROOM: u64 = 1 << 20;

/// Content that cannot be; the caller knows of what.
#[derive(Debug)]
pub(in crate::index) struct Flaw;

/// A section that is being written.
pub(in crate::index) struct Section<'w> {
    out: &'w mut dyn Write,
    checksum: Hasher,
    buffer: Vec<u8>,
    /// Bytes of the content that are still to come.
    left: u64,
}

impl<'w> Section<'w> {
    /// Begins a section whose content will have `len` bytes.
    pub(super) fn new(out: &'w mut dyn Write, name: u32, len: u64) -> io::Result<Section<'w>> {
        let buffer = Vec::with_capacity(BUFFER);
        let mut section = Section { out, checksum: Hasher::new(), buffer, left: len + 12 };
        section.number(name)?;
        section.put(&len.to_le_bytes())?;
        Ok(section)
    }

    /// Adds bytes.
    pub(in crate::index) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.left = self.left.checked_sub(bytes.len() as u64).expect("as long as was said");
        self.buffer.extend_from_slice(bytes);
        match self.buffer.len() >= BUFFER {
            true => self.write(),
            false => Ok(()),
        }
    }

    pub(in crate::index) fn number(&mut self, number: u32) -> io::Result<()> {
        self.put(&number.to_le_bytes())
    }

    pub(in crate::index) fn numbers(&mut self, numbers: &[u32]) -> io::Result<()> {
        for some in numbers.chunks(BUFFER / 4) {
            self.left = self.left.checked_sub(some.len() as u64 * 4).expect("as long as was said");
            self.buffer.extend(some.iter().flat_map(|number| number.to_le_bytes()));
            self.write()?;
        }
        Ok(())
    }

    /// Adds a text behind its length.
    pub(in crate::index) fn text(&mut self, text: &[u8]) -> io::Result<()> {
        self.number(text.len() as u32)?;
        self.put(text)
    }

    /// Ends the section with its checksum.
    pub(super) fn end(mut self) -> io::Result<()> {
        assert_eq!(self.left, 0, "a section is as long as was said");
        self.write()?;
        self.out.write_all(&self.checksum.finalize().to_le_bytes())
    }

    fn write(&mut self) -> io::Result<()> {
        self.checksum.update(&self.buffer);
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

/// Reads exactly what fits `bytes`.
pub(super) fn fill(
    input: &mut impl Read,
    bytes: &mut [u8],
    what: &'static str,
) -> Result<(), ImageError> {
    input.read_exact(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => ImageError::Damaged(what),
        _ => ImageError::Read(error),
    })
}

/// Reads the section that comes next, which must have the name.
pub(super) fn read(
    input: &mut impl Read,
    name: u32,
    what: &'static str,
) -> Result<Vec<u8>, ImageError> {
    let mut head = [0; 12];
    fill(input, &mut head, what)?;
    let mut cursor = Cursor::new(&head);
    let (Ok(found), Ok(len)) = (cursor.number(), cursor.long()) else {
        return Err(ImageError::Damaged(what));
    };
    if found != name {
        return Err(ImageError::Damaged(what));
    }
    // Grows with what arrives: a length that is a lie takes no memory.
    let mut content = Vec::with_capacity(len.min(FIRST_ROOM) as usize);
    input.by_ref().take(len).read_to_end(&mut content).map_err(ImageError::Read)?;
    let mut checksum = [0; 4];
    fill(input, &mut checksum, what)?;
    let mut hasher = Hasher::new();
    hasher.update(&head);
    hasher.update(&content);
    if content.len() as u64 != len || checksum != hasher.finalize().to_le_bytes() {
        return Err(ImageError::Damaged(what));
    }
    Ok(content)
}

/// A place in the content of a section.
pub(in crate::index) struct Cursor<'b> {
    left: &'b [u8],
}

impl<'b> Cursor<'b> {
    pub(in crate::index) fn new(content: &'b [u8]) -> Cursor<'b> {
        Cursor { left: content }
    }

    /// The bytes that are left.
    pub(in crate::index) fn rest(&self) -> &'b [u8] {
        self.left
    }

    pub(in crate::index) fn is_at_end(&self) -> bool {
        self.left.is_empty()
    }

    pub(in crate::index) fn bytes(&mut self, len: usize) -> Result<&'b [u8], Flaw> {
        let (bytes, left) = self.left.split_at_checked(len).ok_or(Flaw)?;
        self.left = left;
        Ok(bytes)
    }

    /// Four bytes as a number.
    pub(in crate::index) fn number(&mut self) -> Result<u32, Flaw> {
        let (bytes, left) = self.left.split_first_chunk().ok_or(Flaw)?;
        self.left = left;
        Ok(u32::from_le_bytes(*bytes))
    }

    /// Eight bytes as a number.
    pub(super) fn long(&mut self) -> Result<u64, Flaw> {
        let (bytes, left) = self.left.split_first_chunk().ok_or(Flaw)?;
        self.left = left;
        Ok(u64::from_le_bytes(*bytes))
    }

    /// Eight bytes as a size.
    pub(super) fn size(&mut self) -> Result<usize, Flaw> {
        usize::try_from(self.long()?).map_err(|_| Flaw)
    }

    /// A text behind its length.
    pub(in crate::index) fn text(&mut self) -> Result<&'b [u8], Flaw> {
        let len = self.number()? as usize;
        self.bytes(len)
    }
}

/// Numbers of four bytes each; what is left at the end is not looked at.
pub(in crate::index) fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.as_chunks().0.iter().map(|number| u32::from_le_bytes(*number))
}
