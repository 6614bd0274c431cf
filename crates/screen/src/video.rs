//! H.264 for what keeps moving: baseline tools, BT.709 with full range, said in the stream's VUI.

use crate::picture::Frame;
use openh264::{
    OpenH264API,
    encoder::{
        BitRate, Complexity, Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod,
        Profile, QpRange, RateControlMode, SpsPpsStrategy, UsageType, VuiConfig,
    },
    formats::YUVSlices,
};
use openh264_sys2::{ENCODER_OPTION_BITRATE, SBitrateInfo, SPATIAL_LAYER_ALL};
use wire::stream::Rect;
use yuv::{
    BufferStoreMut, YuvConversionMode, YuvPlanarImageMut, YuvRange, YuvStandardMatrix,
    bgra_to_yuv420,
};

/// What the encoder's rate control is told; the bit rate is given for as many.
const NOMINAL_FPS: f32 = 30.0;
/// Bits a pixel at which screen video looks good.
const BITS_PER_PIXEL: f32 = 0.14;
const MIN_BITS_PER_S: f32 = 600_000.0;
const MAX_BITS_PER_S: f32 = 8_000_000.0;

/// Why a region cannot travel as video.
#[derive(Debug, thiserror::Error)]
pub enum VideoError {
    /// The H.264 encoder.
    #[error("the H.264 encoder failed")]
    H264(#[from] openh264::Error),
    /// The conversion of colours.
    #[error("colours cannot be converted: {0}")]
    Colours(String),
}

/// One video stream: a region of the screen and its encoder.
pub struct Video {
    rect: Rect,
    encoder: Encoder,
    bits_per_s: u32,
    y: Vec<u8>,
    u: Vec<u8>,
    v: Vec<u8>,
}

impl std::fmt::Debug for Video {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Video")
            .field("rect", &self.rect)
            .finish_non_exhaustive()
    }
}

/// One coded picture.
#[derive(Debug)]
pub struct Coded {
    /// It can be decoded alone.
    pub key: bool,
    /// Annex B byte stream; empty when the encoder skipped the picture.
    pub data: Vec<u8>,
}

impl Video {
    /// A stream for the region, whose width and height are even. `link_bits_per_s`: what it may use of the link.
    pub fn new(rect: Rect, link_bits_per_s: Option<u64>) -> Result<Self, VideoError> {
        let bits_per_s = bit_rate(rect, link_bits_per_s);
        let config = EncoderConfig::new()
            .bitrate(BitRate::from_bps(bits_per_s))
            .max_frame_rate(FrameRate::from_hz(NOMINAL_FPS))
            .rate_control_mode(RateControlMode::Bitrate)
            .usage_type(UsageType::CameraVideoRealTime)
            .complexity(Complexity::Low)
            .profile(Profile::Baseline)
            .sps_pps_strategy(SpsPpsStrategy::ConstantId)
            .intra_frame_period(IntraFramePeriod::from_num_frames(0))
            .qp(QpRange::new(14, 42))
            .skip_frames(false)
            .scene_change_detect(false)
            .background_detection(false)
            .adaptive_quantization(false)
            .num_threads(1)
            .vui(VuiConfig::bt709_full());
        let (w, h) = (usize::from(rect.w), usize::from(rect.h));
        Ok(Self {
            rect,
            encoder: Encoder::with_api_config(OpenH264API::from_source(), config)?,
            bits_per_s,
            y: vec![0; w * h],
            u: vec![0; w * h / 4],
            v: vec![0; w * h / 4],
        })
    }

    /// Where it paints.
    #[must_use]
    pub fn rect(&self) -> Rect {
        self.rect
    }

    /// The link carries more or less than before.
    pub fn follow_link(&mut self, link_bits_per_s: Option<u64>) {
        let should = bit_rate(self.rect, link_bits_per_s);
        // Small changes are not worth the encoder's trouble.
        if should.abs_diff(self.bits_per_s) * 8 > self.bits_per_s {
            self.bits_per_s = should;
            set_bit_rate(&mut self.encoder, should);
        }
    }

    /// Codes the region of a picture.
    pub fn encode(&mut self, frame: &Frame<'_>) -> Result<Coded, VideoError> {
        let (w, h) = (usize::from(self.rect.w), usize::from(self.rect.h));
        self.convert(frame)?;
        let slices = YUVSlices::new((&self.y, &self.u, &self.v), (w, h), (w, w / 2, w / 2));
        let coded = self.encoder.encode(&slices)?;
        let mut data = Vec::new();
        coded.write_vec(&mut data);
        Ok(Coded {
            key: matches!(coded.frame_type(), FrameType::IDR | FrameType::I),
            data,
        })
    }

    fn convert(&mut self, frame: &Frame<'_>) -> Result<(), VideoError> {
        let w = u32::from(self.rect.w);
        let mut planes = YuvPlanarImageMut {
            y_plane: BufferStoreMut::Borrowed(&mut self.y),
            y_stride: w,
            u_plane: BufferStoreMut::Borrowed(&mut self.u),
            u_stride: w / 2,
            v_plane: BufferStoreMut::Borrowed(&mut self.v),
            v_stride: w / 2,
            width: w,
            height: self.rect.h.into(),
        };
        let pixels = frame.after_corner(self.rect);
        let stride = u32::try_from(frame.stride() * 4).unwrap_or(u32::MAX);
        let len = usize::from(self.rect.h - 1) * frame.stride() + usize::from(self.rect.w);
        bgra_to_yuv420(
            &mut planes,
            bytemuck::cast_slice(&pixels[..len]),
            stride,
            YuvRange::Full,
            YuvStandardMatrix::Bt709,
            YuvConversionMode::default(),
        )
        .map_err(|error| VideoError::Colours(error.to_string()))
    }
}

fn bit_rate(rect: Rect, link_bits_per_s: Option<u64>) -> u32 {
    let wanted =
        (rect.area() as f32 * NOMINAL_FPS * BITS_PER_PIXEL).clamp(MIN_BITS_PER_S, MAX_BITS_PER_S);
    // Three quarters of the link: the rest is for everything else, and for bursts.
    let link = link_bits_per_s.map_or(f32::MAX, |bits| bits as f32 * 0.75);
    // Positive and below MAX_BITS_PER_S.
    wanted.min(link).max(100_000.0) as u32
}

/// Takes effect with the next picture. The encoder's safe interface has no way to change it while it runs.
#[allow(unsafe_code)]
fn set_bit_rate(encoder: &mut Encoder, bits_per_s: u32) {
    let mut info = SBitrateInfo {
        iLayer: SPATIAL_LAYER_ALL,
        iBitrate: i32::try_from(bits_per_s).unwrap_or(i32::MAX),
    };
    // SAFETY: the option takes a pointer to a `SBitrateInfo` (codec_api.h), reads it during the call and keeps nothing.
    // If it fails, which it does before the first picture, the rate stays as it was.
    unsafe {
        let _ = encoder
            .raw_api()
            .set_option(ENCODER_OPTION_BITRATE, (&raw mut info).cast());
    }
}
