package realtime

import "encoding/base64"

// MaxAppend is the most audio one append may carry: 15 MiB.
const MaxAppend = 15 << 20

// AppendAudio appends an input_audio_buffer.append event with this sound to dst
// and returns it. It does not allocate when dst has room.
func AppendAudio(dst, pcmu []byte) []byte {
	dst = append(dst, `{"type":"input_audio_buffer.append","audio":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, pcmu)
	return append(dst, `"}`...)
}
