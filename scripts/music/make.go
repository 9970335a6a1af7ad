// Command music writes the hold music: four soft chords with a slow arpeggio, made
// of sines and nothing else, so that it belongs to nobody. The result is committed;
// only another tune runs this.
//
//	go run ./scripts/music > internal/phone/media/music/hold.ulaw
package main

import (
	"log"
	"math"
	"os"

	"softphone/internal/protocol/g711"
)

const (
	chordTime = 3.6 // seconds; four of them are 720 frames
	length    = 4 * chordTime * g711.Rate
	// level is the peak of the whole: 16 dB below what mu-law carries, so that
	// music is no louder than a person.
	level = 5200
)

// chords are notes by their distance from A4 in half tones, within the band of a
// telephone: C major 7, A minor 7, F major 9, G 6.
var chords = [][]int{
	{-9, -5, -2, 2},
	{-12, -9, -5, -2},
	{-7, -4, 0, 3, 10},
	{-10, -7, -2, 2, 7},
}

func hertz(note int) float64 { return 440 * math.Pow(2, float64(note)/12) }

func main() {
	sound := make([]float64, int(length))
	for i, chord := range chords {
		begin := float64(i) * chordTime
		for k, note := range chord {
			pad(sound, begin, hertz(note))
			for beat := k; beat < 8; beat += len(chord) {
				pluck(sound, begin+float64(beat)*chordTime/8, 2*hertz(note))
			}
		}
	}
	if _, err := os.Stdout.Write(encode(sound)); err != nil {
		log.Fatal(err)
	}
}

// pad swells and fades for a chord and a half, across the end into the beginning,
// where the loop goes on. Two strings a little out of tune make it warm.
func pad(sound []float64, begin, hz float64) {
	const lasts = 1.5 * chordTime
	for i := range int(lasts * g711.Rate) {
		t := float64(i) / g711.Rate
		swell := math.Pow(math.Sin(math.Pi*t/lasts), 2)
		v := math.Sin(2*math.Pi*hz*t) + math.Sin(2*math.Pi*hz*1.0025*t) + 0.2*math.Sin(4*math.Pi*hz*t)
		add(sound, begin, i, 0.5*swell*v)
	}
}

// pluck rings off within a second or so.
func pluck(sound []float64, begin, hz float64) {
	for i := range 2 * g711.Rate {
		t := float64(i) / g711.Rate
		ring := math.Exp(-3.2*t) * (1 - math.Exp(-120*t))
		add(sound, begin, i, 0.55*ring*(math.Sin(2*math.Pi*hz*t)+0.25*math.Exp(-4*t)*math.Sin(4*math.Pi*hz*t)))
	}
}

func add(sound []float64, begin float64, i int, v float64) {
	sound[(int(begin*g711.Rate)+i)%len(sound)] += v
}

func encode(sound []float64) []byte {
	top := 0.0
	for _, v := range sound {
		top = max(top, math.Abs(v))
	}
	clip := make([]byte, len(sound))
	for i, v := range sound {
		clip[i] = g711.Encode(int16(math.Round(v / top * level)))
	}
	return clip
}
