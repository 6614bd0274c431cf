//! Memory that the X server writes pixels into. The only place of the display with unsafe code.

#![allow(unsafe_code)]

use rustix::{
    fs::{MemfdFlags, ftruncate, memfd_create},
    mm::{MapFlags, ProtFlags, mmap, munmap},
};
use std::{io, os::fd::OwnedFd, ptr};

/// A mapping of shared memory.
#[derive(Debug)]
pub(super) struct Shm {
    at: *mut u8,
    len: usize,
}

// SAFETY: the pointer is this value's own, and nothing in it depends on the thread.
unsafe impl Send for Shm {}

impl Shm {
    /// New memory, and the descriptor to hand to the X server.
    pub(super) fn new(len: usize) -> io::Result<(Self, OwnedFd)> {
        let fd = memfd_create("nagaya-pixels", MemfdFlags::CLOEXEC)?;
        ftruncate(&fd, len as u64)?;
        // SAFETY: a new mapping at an address of the kernel's choice touches nothing that exists.
        let at = unsafe {
            mmap(
                ptr::null_mut(),
                len,
                ProtFlags::READ,
                MapFlags::SHARED,
                &fd,
                0,
            )?
        };
        Ok((Self { at: at.cast(), len }, fd))
    }

    /// Length in bytes.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Copies pixels out, from a byte offset that is a multiple of four. The X server may write at the same time: then
    /// the copy is a mixture of old and new, which is only a picture.
    pub(super) fn copy_to(&self, offset: usize, pixels: &mut [u32]) {
        let bytes = size_of_val(pixels);
        assert!(
            offset.is_multiple_of(4)
                && offset.checked_add(bytes).is_some_and(|end| end <= self.len)
        );
        // SAFETY: the source is inside the mapping, as was checked; the target is borrowed alone, so that they cannot
        // overlap. No reference into the shared memory is ever made; every bit pattern is a valid u32.
        unsafe {
            ptr::copy_nonoverlapping(self.at.add(offset), pixels.as_mut_ptr().cast::<u8>(), bytes);
        }
    }
}

impl Drop for Shm {
    fn drop(&mut self) {
        // SAFETY: nobody has a pointer into the mapping but this value, which ends here.
        let _ = unsafe { munmap(self.at.cast(), self.len) };
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_others_write_is_copied_out() {
        let (shm, fd) = Shm::new(4096).unwrap();
        rustix::io::pwrite(&fd, &[1, 2, 3, 4, 5, 6, 7, 8], 8).unwrap();
        let mut pixels = [0; 2];
        shm.copy_to(8, &mut pixels);
        assert_eq!(pixels, [0x0403_0201, 0x0807_0605]);
    }
}
