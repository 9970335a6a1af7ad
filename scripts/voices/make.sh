#!/bin/sh
# Speaks lines.tsv with two voices and writes them as a telephone carries them:
# raw G.711 mu-law, 8 kHz, mono. Each simulator and the demo keeps its own
# copies, because they share no file. Needs espeak-ng and sox; the results are
# committed, so only a change of words runs this.
set -eu
cd "$(dirname "$0")/../.."
lines=scripts/voices/lines.tsv
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# speak ID TEXT: the customer is a woman from Britain, the agent an American man.
speak() {
	case $1 in
	customer-*) voice=en-gb+f2 pitch=58 speed=155 ;;
	*) voice=en-us+m3 pitch=38 speed=165 ;;
	esac
	espeak-ng -v "$voice" -p "$pitch" -s "$speed" -w "$work/spoken.wav" "$2"
	# The band of a telephone, no silence at the ends but 100 ms, 9 dB of headroom.
	sox "$work/spoken.wav" -r 8000 -c 1 -b 16 "$work/$1.wav" \
		highpass 250 lowpass 3400 silence 1 0.01 0.5% reverse silence 1 0.01 0.5% reverse \
		pad 0.1 0.1 norm -9
	sox "$work/$1.wav" -t raw -e mu-law -b 8 -r 8000 -c 1 "$work/$1.ulaw"
}

while IFS="$(printf '\t')" read -r id text; do speak "$id" "$text"; done <"$lines"

# put DIR PATTERN: the clips whose id matches, and their list.
put() {
	mkdir -p "$1"
	: >"$work/list"
	while IFS="$(printf '\t')" read -r id text; do
		case $id in $2) ;; *) continue ;; esac
		cp "$work/$id.ulaw" "$1/$id.ulaw"
		printf '  {"id": "%s", "text": "%s", "file": "%s.ulaw"}\n' "$id" "$text" "$id" >>"$work/list"
	done <"$lines"
	{ echo '['; sed '$!s/$/,/' "$work/list"; echo ']'; } >"$1/voices.json"
}
put internal/sim/twilio/voices 'customer-*'
put internal/demo/voices 'agent-*'
put internal/sim/openai/voices '*'
