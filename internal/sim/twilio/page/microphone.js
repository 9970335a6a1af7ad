// The handset: takes the microphone's sound in pieces of 20 ms and plays what
// arrives. The context runs at 8 kHz, the rate of the telephone.
class Handset extends AudioWorkletProcessor {
  constructor() {
    super();
    this.mouth = new Float32Array(160);
    this.filled = 0;
    this.ear = [];
    this.at = 0;
    this.port.onmessage = (event) => {
      this.ear.push(event.data);
      if (this.ear.length > 15) this.ear.splice(0, this.ear.length - 5); // 300 ms is old: catch up
    };
  }

  process(inputs, outputs) {
    const said = inputs[0][0];
    if (said) {
      for (const sample of said) {
        this.mouth[this.filled++] = sample;
        if (this.filled === 160) {
          this.port.postMessage(this.mouth.slice());
          this.filled = 0;
        }
      }
    }
    const heard = outputs[0][0];
    for (let i = 0; i < heard.length; i++) {
      if (this.ear.length === 0) break; // the rest stays silent
      heard[i] = this.ear[0][this.at++];
      if (this.at === this.ear[0].length) {
        this.ear.shift();
        this.at = 0;
      }
    }
    return true;
  }
}

registerProcessor("handset", Handset);
