//! When the next frame may go: by acknowledgement, by what the link carries, and never faster than screens show.

use std::collections::VecDeque;

/// Not more than about 60 frames a second.
const MIN_INTERVAL_US: u64 = 15_500;
/// Except for what answers the user.
const HASTY_INTERVAL_US: u64 = 4_000;
/// And only while so few frames are in flight: a client that is busy would get the answer later.
const HASTY_WINDOW: usize = 1;
/// For so long after a key or a button something may be the answer.
const HASTE_US: u64 = 50_000;
/// Frames in flight on a link without delay: one on its way, one being painted.
const MIN_WINDOW: usize = 3;
const MAX_WINDOW: usize = 8;
/// One more frame in flight for each of these of round trip.
const RTT_PER_FRAME_US: u64 = 25_000;
/// So much may be in flight before the link is known.
const FIRST_BYTES: usize = 512 * 1024;
const MIN_BYTES: usize = 24 * 1024;
/// Only what kept the link busy says how much it carries.
const BUSY_BYTES: usize = 24 * 1024;
/// The queue that the link may build up.
const QUEUE_US: u64 = 60_000;

#[derive(Clone, Copy, Debug)]
struct Sent {
    seq: u32,
    at_us: u64,
    bytes: usize,
    /// Bytes that were in flight with it, itself included.
    in_flight: usize,
    /// What had been delivered when it was sent.
    delivered: u64,
}

/// Counts what is in flight. Times are microseconds of any one clock.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    sent: VecDeque<Sent>,
    last_us: Option<u64>,
    hasty_until_us: u64,
    delivered: u64,
    rtt_us: u64,
    /// Bytes in a second; zero when the link was never busy.
    rate: u64,
}

impl Pace {
    /// Whether a frame may go now.
    pub(crate) fn may_send(&self, now_us: u64) -> bool {
        self.has_room() && now_us >= self.earliest_us()
    }

    /// When the last frame is long enough ago; meaningless while too much is in flight.
    pub(crate) fn earliest_us(&self) -> u64 {
        let Some(last) = self.last_us else {
            return 0;
        };
        let hasty = last + HASTY_INTERVAL_US;
        if hasty < self.hasty_until_us && self.sent.len() <= HASTY_WINDOW {
            hasty
        } else {
            last + MIN_INTERVAL_US
        }
    }

    /// The user did something and waits for the answer: for a while frames follow each other faster.
    pub(crate) fn hurry(&mut self, now_us: u64) {
        self.hasty_until_us = now_us + HASTE_US;
    }

    /// Whether the link takes another frame, whatever the time is.
    pub(crate) fn has_room(&self) -> bool {
        let window = MIN_WINDOW + (self.rtt_us / RTT_PER_FRAME_US) as usize;
        self.sent.len() < window.min(MAX_WINDOW) && self.in_flight() < self.allowed_bytes()
    }

    pub(crate) fn sent(&mut self, seq: u32, bytes: usize, now_us: u64) {
        if self
            .last_us
            .is_some_and(|last| now_us < last + MIN_INTERVAL_US)
        {
            // One answer for one key, or haste would cost a busy machine more frames than it has time for.
            self.hasty_until_us = 0;
        }
        self.last_us = Some(now_us);
        let in_flight = self.in_flight() + bytes;
        self.sent.push_back(Sent {
            seq,
            at_us: now_us,
            bytes,
            in_flight,
            delivered: self.delivered,
        });
    }

    /// The client painted a frame, and with it every frame before. `busy_us`: its own work, which is not the link's.
    pub(crate) fn acknowledged(&mut self, seq: u32, busy_us: u64, now_us: u64) {
        let Some(at) = self.sent.iter().position(|sent| sent.seq == seq) else {
            return;
        };
        let Some(sent) = self
            .sent
            .drain(..=at)
            .inspect(|sent| self.delivered += sent.bytes as u64)
            .last()
        else {
            return;
        };
        let took_us = now_us
            .saturating_sub(sent.at_us)
            .saturating_sub(busy_us)
            .max(500);
        if sent.bytes < BUSY_BYTES {
            self.rtt_us = smooth(self.rtt_us, took_us);
        }
        if sent.in_flight >= BUSY_BYTES {
            let bytes = self.delivered - sent.delivered;
            let sample = bytes * 1_000_000 / took_us;
            // A fast link is believed at once. A slower sample counts only if the frame waited longer than a round trip.
            if sample > self.rate {
                self.rate = sample;
            } else if took_us > self.rtt_us + 10_000 {
                self.rate = smooth(self.rate, sample);
            }
        }
    }

    /// The round trip as measured by pings.
    pub(crate) fn round_trip(&mut self, rtt_us: u64) {
        self.rtt_us = smooth(self.rtt_us, rtt_us);
    }

    /// What the link is believed to carry, in bytes a second; `None` when it was never busy.
    pub(crate) fn rate(&self) -> Option<u64> {
        (self.rate > 0).then_some(self.rate)
    }

    /// Frames that are not acknowledged.
    pub(crate) fn frames_in_flight(&self) -> usize {
        self.sent.len()
    }

    fn in_flight(&self) -> usize {
        self.sent.iter().map(|sent| sent.bytes).sum()
    }

    fn allowed_bytes(&self) -> usize {
        match self.rate() {
            None => FIRST_BYTES,
            Some(rate) => {
                let bytes = rate * (self.rtt_us + QUEUE_US) / 1_000_000;
                usize::try_from(bytes).unwrap_or(usize::MAX).max(MIN_BYTES)
            }
        }
    }
}

fn smooth(old: u64, sample: u64) -> u64 {
    if old == 0 {
        sample
    } else {
        (old * 7 + sample) / 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A link of `rate` bytes a second and `delay_us` each way; frames of `bytes`. Returns (frames, longest wait in µs).
    fn over_a_link(rate: u64, delay_us: u64, bytes: usize, for_us: u64) -> (u32, u64) {
        let mut pace = Pace::default();
        let (mut seq, mut free_us, mut longest) = (0, 0, 0);
        let mut acks: VecDeque<(u64, u32)> = VecDeque::new();
        for now in (0..for_us).step_by(1000) {
            while acks.front().is_some_and(|(at, _)| *at <= now) {
                if let Some((_, seq)) = acks.pop_front() {
                    pace.acknowledged(seq, 0, now);
                }
            }
            if pace.may_send(now) {
                free_us = free_us.max(now) + bytes as u64 * 1_000_000 / rate;
                longest = longest.max(free_us - now);
                pace.sent(seq, bytes, now);
                acks.push_back((free_us + 2 * delay_us, seq));
                seq += 1;
            }
        }
        (seq, longest)
    }

    #[test]
    fn a_fast_link_shows_60_frames_a_second() {
        let (frames, _) = over_a_link(100_000_000, 500, 20_000, 2_000_000);
        assert!((115..=130).contains(&frames), "{frames}");
    }

    #[test]
    fn a_distant_link_still_shows_30() {
        let (frames, _) = over_a_link(100_000_000, 50_000, 5000, 2_000_000);
        assert!(frames >= 60, "{frames}");
    }

    proptest! {
        #[test]
        fn a_slow_link_lowers_the_rate_and_grows_no_queue(rate in 50_000u64..2_000_000, delay in 0u64..100_000, bytes in 1000usize..200_000) {
            let (frames, longest) = over_a_link(rate, delay, bytes, 10_000_000);
            prop_assert!(frames > 0);
            // Never more than the window, whatever a frame costs.
            let most = MAX_WINDOW as u64 * bytes as u64 * 1_000_000 / rate;
            prop_assert!(longest <= most, "{} µs of queue", longest);
        }
    }

    #[test]
    fn the_answer_to_a_key_does_not_wait_for_the_interval() {
        let mut pace = Pace::default();
        pace.sent(0, 10, 80_000);
        pace.acknowledged(0, 0, 99_000);
        pace.sent(0, 10, 100_000);
        assert!(!pace.may_send(106_000));
        pace.hurry(105_000);
        // However hasty, what is drawn in several strokes is not sent in as many frames.
        assert!(!pace.may_send(103_000));
        assert!(pace.may_send(106_000));
        pace.sent(1, 10, 106_000);
        // One answer is enough.
        pace.acknowledged(1, 0, 107_000);
        assert!(!pace.may_send(115_000));
        // A client that is busy would get it later.
        pace.sent(1, 10, 130_000);
        pace.sent(1, 10, 150_000);
        pace.hurry(151_000);
        assert!(!pace.may_send(155_000));
        pace.acknowledged(1, 0, 160_000);
        pace.sent(2, 10, 160_000);
        assert!(!pace.may_send(170_000));
    }

    #[test]
    fn a_silent_client_gets_no_more_frames() {
        let mut pace = Pace::default();
        let sent = (0..100).filter(|seq| {
            let now = u64::from(*seq) * 1_000_000;
            let may = pace.may_send(now);
            if may {
                pace.sent(*seq, 10, now);
            }
            may
        });
        assert_eq!(sent.count(), MIN_WINDOW);
    }
}
