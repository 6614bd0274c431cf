//! What the kernel knows of its clock, from whatever keeps it right: NTP, PTP or a hypervisor (RFC 1589, `adjtimex(2)`).

use crate::app::{ClockReading, ClockSample, ClockState};
use rtime_clock::adjtime::{Timex, adjtimex};

/// Asks the kernel; nothing is changed. Unknown where it does not answer, as in a sandbox that forbids the question.
pub(crate) fn read() -> ClockSample {
    let mut timex = Timex::new();
    match adjtimex(&mut timex) {
        Ok(state) => {
            let said = timex.0;
            sample(state, said.status, said.maxerror, said.offset)
        }
        Err(_) => ClockSample::default(),
    }
}

/// What the answer means: `max_error` in microseconds, `offset` in nanoseconds where the status says so. The kernel itself
/// declares the clock unsynchronised once nothing has corrected it for so long that it may be 16 seconds off.
fn sample(state: i32, status: i32, max_error: i64, offset: i64) -> ClockSample {
    let is_right = state != libc::TIME_ERROR && status & libc::STA_UNSYNC == 0;
    let offset_us = match status & libc::STA_NANO {
        0 => offset,
        _ => offset / 1000,
    };
    let reading = if is_right {
        ClockReading {
            state: ClockState::Synchronised,
            error_us: u32::try_from(max_error).ok(),
        }
    } else {
        // Its last bound says nothing any more.
        ClockReading {
            state: ClockState::Unsynchronised,
            error_us: None,
        }
    };
    ClockSample { reading, offset_us }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_answer_is_read() {
        let good = sample(libc::TIME_OK, libc::STA_NANO, 250, -31_000);
        assert_eq!(good.reading.state, ClockState::Synchronised);
        assert_eq!((good.reading.error_us, good.offset_us), (Some(250), -31));
        assert_eq!(sample(libc::TIME_INS, 0, 250, -31).offset_us, -31);
        let unbounded = ClockReading {
            state: ClockState::Unsynchronised,
            error_us: None,
        };
        for (state, status) in [
            (libc::TIME_ERROR, 0),
            (libc::TIME_ERROR, libc::STA_UNSYNC),
            (libc::TIME_OK, libc::STA_UNSYNC),
        ] {
            assert_eq!(sample(state, status, 250, 0).reading, unbounded);
        }
    }

    #[test]
    fn this_machines_kernel_answers() {
        assert_ne!(read().reading.state, ClockState::Unknown);
    }
}
