package twilio

import (
	"math"
	"strings"
	"time"

	"softphone/internal/protocol/g711"
)

// frameBytes is 20 ms of sound, the piece Twilio cuts a stream into.
const (
	frameBytes = 160
	frameTime  = 20 * time.Millisecond
)

// bytesOf returns how many bytes of sound last d.
func bytesOf(d time.Duration) int { return int(d * g711.Rate / time.Second) }

// full is the peak of a sine of 3.17 dBm0, the loudest mu-law carries.
const full = 32636

// mixed returns sines of the given frequencies, each of a level in dBm0.
func mixed(d time.Duration, level float64, frequencies ...float64) []byte {
	sound := make([]byte, bytesOf(d))
	peak := full * math.Pow(10, (level-3.17)/20)
	for i := range sound {
		v := 0.0
		for _, f := range frequencies {
			v += peak * math.Sin(2*math.Pi*f*float64(i)/g711.Rate)
		}
		sound[i] = g711.Encode(int16(max(-32635, min(32635, v))))
	}
	return sound
}

func silence(d time.Duration) []byte {
	sound := make([]byte, bytesOf(d))
	g711.Fill(sound)
	return sound
}

// keypad is the layout of ITU-T Q.23: a low tone for the row, a high one for
// the column.
const keypad = "123A456B789C*0#D"

var (
	rows    = [4]float64{697, 770, 852, 941}
	columns = [4]float64{1209, 1336, 1477, 1633}
)

func isKeys(s string) bool { return strings.Trim(s, keypad) == "" }

// keyTime is how long a key sounds and how long the gap after it is.
const keyTime = 100 * time.Millisecond

// keyTones returns the sound of SendDigits and of <Play digits>: w waits half
// a second, W a whole one.
func keyTones(digits string) []byte {
	var sound []byte
	for _, d := range digits {
		switch at := strings.IndexRune(keypad, d); {
		case d == 'w':
			sound = append(sound, silence(500*time.Millisecond)...)
		case d == 'W':
			sound = append(sound, silence(time.Second)...)
		case at >= 0:
			sound = append(sound, mixed(keyTime, -9, rows[at/4], columns[at%4])...)
			sound = append(sound, silence(keyTime)...)
		}
	}
	return sound
}

// spoken stands for the voice of <Say>: a tone that rises and falls with every
// syllable, 60 ms for a character. The words are in the ledger.
func spoken(text string) []byte {
	length := max(500*time.Millisecond, time.Duration(len([]rune(text)))*60*time.Millisecond)
	sound := make([]byte, bytesOf(length))
	for i := range sound {
		at := float64(i) / g711.Rate
		loud := 0.5 - 0.5*math.Cos(2*math.Pi*5*at)
		sound[i] = g711.Encode(int16(6000 * loud * math.Sin(2*math.Pi*(220+30*math.Sin(2*math.Pi*at))*at)))
	}
	return sound
}
