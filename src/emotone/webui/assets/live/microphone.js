// Runs in the browser's thread for audio: the microphone in blocks of 16-bit samples, and how loud each block is.
const BLOCK = 2048; // samples: 43 ms at 48 kHz

class Microphone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.begin();
    this.ended = false;
    this.port.onmessage = () => { this.hand(true); this.ended = true; };
  }

  begin() {
    this.block = new Int16Array(BLOCK);
    this.count = 0;
    this.peak = 0;
    this.power = 0;
  }

  hand(last) {
    const samples = this.block.slice(0, this.count);
    const level = Math.sqrt(this.power / Math.max(1, this.count));
    this.port.postMessage({ samples, level, peak: this.peak, last }, [samples.buffer]);
    this.begin();
  }

  process([[channel]]) {
    if (this.ended) return false;
    for (const sample of channel ?? []) {
      this.block[this.count++] = Math.max(-32768, Math.min(32767, Math.round(sample * 32768)));
      this.peak = Math.max(this.peak, Math.abs(sample));
      this.power += sample * sample;
      if (this.count === BLOCK) this.hand(false);
    }
    return true;
  }
}

registerProcessor("microphone", Microphone);
