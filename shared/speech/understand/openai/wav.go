package openai

import (
	"bytes"
	"encoding/binary"

	"huawu/shared/speech/understand"
)

// wav is audio as a WAV file: PCM, 16 bits, one channel.
func wav(a understand.Audio) []byte {
	size := uint32(2 * len(a.PCM))
	var b bytes.Buffer
	put := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) } // a buffer takes everything
	b.WriteString("RIFF")
	put(36 + size)
	b.WriteString("WAVEfmt ")
	put(struct {
		Size, Channels uint32
		Rate, Bytes    uint32
		Block, Bits    uint16
	}{16, 1 | 1<<16, uint32(a.Rate), uint32(2 * a.Rate), 2, 16})
	b.WriteString("data")
	put(size)
	put(a.PCM)
	return b.Bytes()
}
