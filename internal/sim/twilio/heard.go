package twilio

import (
	"math"
	"time"

	"softphone/internal/protocol/g711"
	"softphone/internal/protocol/wav"
)

// ToneLevel returns the level of one frequency in a sound, in dBm0.
func ToneLevel(sound []byte, frequency float64) float64 {
	if len(sound) == 0 {
		return g711.Quiet
	}
	energy := goertzel(sound, frequency)
	if energy <= 0 {
		return g711.Quiet
	}
	// A sine of level 3.17 dBm0 has the peak full.
	return max(g711.Quiet, 10*math.Log10(energy/(full*full/2))+3.17)
}

// ToneFile returns a WAV file of one frequency, for tests that give people
// something to hear.
func ToneFile(d time.Duration, frequency float64) []byte {
	return wav.Append(nil, wav.Phone(1), mixed(d, toneLevel, frequency))
}
