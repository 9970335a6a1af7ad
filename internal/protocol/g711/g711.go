// Package g711 is the mu-law half of ITU-T G.711: the sound of a telephone,
// one byte a sample, 8000 samples a second. Twilio's media streams, the agent's
// browser (PCMU) and the recordings all speak it, so sound is passed on as it
// is; this package is for those who look at it (level meters, voice activity)
// or make it (tones).
//
// The one rule: byte values are what is on the wire, complemented as G.711
// clause 3.2 asks, so silence is 0xFF and never 0.
package g711

const (
	// Rate is the number of samples, and of bytes, in a second.
	Rate = 8000
	// Silence is the byte of a sample of value zero.
	Silence byte = 0xFF
)

// bias makes every segment of the curve start at a power of two; clip is the
// largest magnitude that does not overflow after adding it.
const (
	bias = 0x84
	clip = 32635
)

var (
	linear [256]int16      // mu-law byte to linear sample
	coded  [1 << 14]byte   // linear sample, its two low bits dropped, to mu-law
	square [256]uint32     // mu-law byte to the square of its sample
	_      = buildTables() // tables are ready before any other package runs
)

func buildTables() struct{} {
	for i := range linear {
		linear[i] = expand(byte(i))
		square[i] = uint32(int32(linear[i]) * int32(linear[i]))
	}
	for i := range coded {
		coded[i] = compress(int16(i<<2) | 2)
	}
	return struct{}{}
}

// expand is table 2b of G.711 as arithmetic: sign, three bits of segment, four
// of mantissa.
func expand(b byte) int16 {
	b = ^b
	v := (int16(b&0x0F)<<3 + bias) << (b >> 4 & 7)
	if b&0x80 != 0 {
		return bias - v
	}
	return v - bias
}

// compress is table 2a of G.711: the nearest value of the curve.
func compress(sample int16) byte {
	s, sign := int32(sample), byte(0)
	if s < 0 {
		s, sign = -s, 0x80
	}
	s = min(s, clip) + bias
	segment := byte(7)
	for mask := int32(0x4000); segment > 0 && s&mask == 0; mask >>= 1 {
		segment--
	}
	return ^(sign | segment<<4 | byte(s>>(segment+3))&0x0F)
}

// Decode returns the linear 16-bit sample of a mu-law byte.
func Decode(b byte) int16 { return linear[b] }

// Encode returns the mu-law byte of a linear 16-bit sample.
func Encode(sample int16) byte { return coded[uint16(sample)>>2] }

// DecodeTo writes the linear samples of src into dst, which must be as long.
func DecodeTo(dst []int16, src []byte) {
	_ = dst[:len(src)]
	for i, b := range src {
		dst[i] = linear[b]
	}
}

// EncodeTo writes the mu-law bytes of src into dst, which must be as long.
func EncodeTo(dst []byte, src []int16) {
	_ = dst[:len(src)]
	for i, s := range src {
		dst[i] = coded[uint16(s)>>2]
	}
}

// Fill makes a frame silent.
func Fill(frame []byte) {
	for i := range frame {
		frame[i] = Silence
	}
}
