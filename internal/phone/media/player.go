package media

import (
	"context"
	"time"
)

// Play pushes src into w in real time until src ends (nil) or ctx does (its
// error). Each frame is due at start plus its number times 20 ms, so a late
// wake-up is made good and never becomes drift.
func Play(ctx context.Context, w Writer, src Source) error {
	var buf [FrameBytes]byte
	start := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for at := time.Duration(0); ; at += FrameTime {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !src.Next(buf[:]) {
			return nil
		}
		w.WriteFrame(Frame{At: at, Data: buf[:]})
		timer.Reset(time.Until(start.Add(at + FrameTime)))
	}
}
