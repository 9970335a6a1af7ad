package media

import "embed"

// Names of what the phone itself says.
const (
	Greeting  = "greeting"  // to a caller who is about to wait
	Voicemail = "voicemail" // nobody is there; Beep follows
	Holding   = "hold"      // to a caller whose agent is away for a moment
	Consent   = "consent"   // whether the call may be recorded
	Apology   = "apology"   // something broke; Beep follows
)

// Spoken by scripts/voices.
//
//go:embed prompts/*.ulaw
var prompts embed.FS

// Prompt says a sentence once. An unknown name is a mistake in this program: it
// says nothing, for a caller is on the line.
func Prompt(name string) Source {
	clip, err := prompts.ReadFile("prompts/" + name + ".ulaw")
	if err != nil {
		return Clip(nil)
	}
	return Clip(clip)
}
