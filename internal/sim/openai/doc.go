// Package openai plays OpenAI: Realtime sessions that write down speech and
// conversations that think in text, the few REST calls around them, a ledger
// of all that happened and a REST to steer it and break it. It is written from
// the vendor's documents and knows nothing of who calls it.
//
// The one rule: it learns speech only from the bytes on its socket. A voice is
// recognised by the shape of its energy over time and frequency, never by a
// hash or by a word from elsewhere.
package openai
