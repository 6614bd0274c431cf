//! Pictures that customers send. Only pixels are taken over: what is kept and served is a PNG that is written here.

use super::MAX_PICTURE;
use crate::portal::Key;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use image::{DynamicImage, ImageError, ImageFormat, ImageReader, Limits, imageops::FilterType};
use std::io::Cursor;

/// The largest side of a picture as it is sent, in pixels.
const MAX_SIDE: u32 = 2048;
/// The smallest.
const MIN_SIDE: u32 = 16;
/// What decoding may take, in bytes.
const MAX_MEMORY: u64 = 32 * 1024 * 1024;
/// Within what it is kept, in pixels: twice what the head of a page shows.
const KEPT: (u32, u32) = (480, 96);

/// What is wrong with a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Too many bytes.
    Large,
    /// Neither PNG nor JPEG nor WebP, or damaged.
    Kind,
    /// Too many or too few pixels.
    Side,
}

impl Refusal {
    pub(super) fn key(self) -> Key {
        match self {
            Self::Large => Key("branding.error.large"),
            Self::Kind => Key("branding.error.kind"),
            Self::Side => Key("branding.error.side"),
        }
    }
}

/// The picture in the form in which it is kept: PNG in base64. Takes processor time; not for the event loop.
pub(super) fn accept(bytes: &[u8]) -> Result<String, Refusal> {
    if bytes.len() > MAX_PICTURE {
        return Err(Refusal::Large);
    }
    let format = sniff(bytes).ok_or(Refusal::Kind)?;
    // Of the head alone; the head of a PNG may hold a packed colour profile, so the limits count here, too.
    let (width, height) = reader(bytes, format)
        .into_dimensions()
        .map_err(|error| match error {
            ImageError::Limits(_) => Refusal::Side,
            _ => Refusal::Kind,
        })?;
    let sides = MIN_SIDE..=MAX_SIDE;
    if !sides.contains(&width) || !sides.contains(&height) {
        return Err(Refusal::Side);
    }
    let picture = reader(bytes, format).decode().map_err(|_| Refusal::Kind)?;
    let kept = within(&picture).into_rgba8();
    let mut png = Vec::new();
    DynamicImage::from(kept)
        .write_to(&mut Cursor::new(&mut png), ImageFormat::Png)
        .map_err(|_| Refusal::Kind)?;
    Ok(STANDARD.encode(png))
}

/// What was kept, as bytes.
pub(super) fn bytes(kept: &str) -> Option<Vec<u8>> {
    STANDARD.decode(kept).ok().filter(|png| !png.is_empty())
}

/// By its first bytes; what a file calls itself counts for nothing.
fn sniff(bytes: &[u8]) -> Option<ImageFormat> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(ImageFormat::Png),
        [0xff, 0xd8, 0xff, ..] => Some(ImageFormat::Jpeg),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some(ImageFormat::WebP),
        _ => None,
    }
}

fn reader(bytes: &[u8], format: ImageFormat) -> ImageReader<Cursor<&[u8]>> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    reader
}

/// Smaller where it is larger than what is shown; never larger.
fn within(picture: &DynamicImage) -> DynamicImage {
    let (width, height) = KEPT;
    if picture.width() <= width && picture.height() <= height {
        return picture.clone();
    }
    picture.resize(width, height, FilterType::Triangle)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write as _;

    pub(super) fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        let picture = DynamicImage::new_rgb8(width, height);
        picture
            .write_to(&mut Cursor::new(&mut bytes), format)
            .unwrap();
        bytes
    }

    fn size(kept: &str) -> (u32, u32) {
        let bytes = bytes(kept).unwrap();
        assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
        let picture = image::load_from_memory(&bytes).unwrap();
        (picture.width(), picture.height())
    }

    #[test]
    fn each_kind_becomes_a_small_png() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let kept = accept(&picture(960, 96, format)).unwrap();
            assert_eq!(size(&kept), (480, 48), "{format:?}");
            assert_eq!(size(&accept(&picture(40, 30, format)).unwrap()), (40, 30));
        }
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
        let gif = b"GIF89a\x01\x00\x01\x00\x80\x00\x00";
        for bytes in [&svg[..], &gif[..], b"", b"\x89PNG\r\n\x1a\n", b"<html>"] {
            assert_eq!(accept(bytes), Err(Refusal::Kind));
        }
        let png = picture(40, 40, ImageFormat::Png);
        assert_eq!(accept(&png[..png.len() / 2]), Err(Refusal::Kind));
        assert_eq!(accept(&vec![0; MAX_PICTURE + 1]), Err(Refusal::Large));
        for (width, height) in [(2049, 20), (20, 2049), (15, 20), (20, 1)] {
            let png = picture(width, height, ImageFormat::Png);
            assert_eq!(accept(&png), Err(Refusal::Side), "{width} {height}");
        }
    }

    /// A page behind the picture's end, and texts inside: nothing of them is kept.
    #[test]
    fn nothing_but_pixels_is_taken_over() {
        let mut sent = picture(40, 40, ImageFormat::Jpeg);
        sent.extend_from_slice(b"<script>alert(1)</script>");
        let kept = bytes(&accept(&sent).unwrap()).unwrap();
        assert!(!kept.windows(7).any(|part| part == b"<script"));
    }

    /// The most memory that this process has had, in KiB.
    fn peak_kib() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let number = line.unwrap().split_whitespace().nth(1);
        number.unwrap().parse().unwrap()
    }

    /// Half a megabyte of a colour profile that unpacks to very much more takes no more memory than any picture.
    #[test]
    fn a_packed_profile_cannot_take_the_memory() {
        let zeros = vec![0; 1 << 20];
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        for _ in 0..400 {
            packed.write_all(&zeros).unwrap();
        }
        let mut chunk = b"iCCPp\0\0".to_vec();
        chunk.extend(packed.finish().unwrap());
        let mut crc = flate2::Crc::new();
        crc.update(&chunk);
        let png = picture(40, 40, ImageFormat::Png);
        // After the signature and the chunk of the size.
        let (head, rest) = png.split_at(8 + 25);
        let length = u32::try_from(chunk.len() - 4).unwrap();
        let bomb = [
            head,
            &length.to_be_bytes(),
            &chunk,
            &crc.sum().to_be_bytes(),
            rest,
        ]
        .concat();
        assert!(bomb.len() <= MAX_PICTURE, "{}", bomb.len());
        let before = peak_kib();
        let _ = accept(&bomb);
        let taken = peak_kib() - before;
        assert!(taken < 128 * 1024, "{taken} KiB");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Damaged files are refused or become pictures; nothing panics.
        #[test]
        fn damaged_pictures_do_no_harm(
            kind in 0_usize..3,
            damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        ) {
            let format = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP][kind];
            let mut sent = picture(33, 17, format);
            for (at, byte) in damage {
                let at = at.index(sent.len());
                sent[at] = byte;
            }
            if let Ok(kept) = accept(&sent) {
                prop_assert!(size(&kept).0 <= 480);
            }
        }
    }
}
