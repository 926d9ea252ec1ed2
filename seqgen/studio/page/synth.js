// A small synthesiser and the player of a take. Notes are [second, seconds, pitch, loudness, track].
const AHEAD = 0.25, EVERY = 40; // seconds that are handed to the audio clock in advance; milliseconds between looks
const HELD_BACK = 0.6; // seconds before the end of what is drawn, in which notes may still become longer

function impulse(audio) {
  const length = Math.floor(audio.sampleRate * 1.4), buffer = audio.createBuffer(2, length, audio.sampleRate);
  for (let channel = 0; channel < 2; channel++) {
    const samples = buffer.getChannelData(channel);
    let state = 1234 + channel;
    for (let i = 0; i < length; i++) {
      state = (state * 16807) % 2147483647;
      samples[i] = (state / 1073741823 - 1) * (1 - i / length) ** 3;
    }
  }
  return buffer;
}

export class Synth {
  constructor() { this.audio = null; this.volume = 0.7; }

  // Browsers allow sound only after a click or a key.
  async wake() {
    if (!this.audio) {
      const audio = this.audio = new AudioContext({ latencyHint: "interactive" });
      this.master = audio.createGain();
      const limiter = audio.createDynamicsCompressor(), room = audio.createConvolver(), wet = audio.createGain();
      room.buffer = impulse(audio);
      wet.gain.value = 0.14;
      this.master.connect(limiter);
      this.master.connect(room).connect(wet).connect(limiter);
      limiter.connect(audio.destination);
      this.setVolume(this.volume);
    }
    if (this.audio.state !== "running") await this.audio.resume();
  }

  setVolume(volume) {
    this.volume = volume;
    if (this.audio) this.master.gain.setTargetAtTime(volume ** 2, this.audio.currentTime, 0.02);
  }

  // Returns a new bus: all notes of one playback, which `silence` ends at once.
  bus() {
    const gain = this.audio.createGain();
    gain.connect(this.master);
    return gain;
  }

  silence(bus) {
    bus.gain.setTargetAtTime(0, this.audio.currentTime, 0.015);
    setTimeout(() => bus.disconnect(), 150);
  }

  note(bus, at, seconds, pitch, loudness, isDrum) {
    if (isDrum) drumSound(this.audio, bus, at, pitch, loudness); // of drum_sound.js
    else this.#pitched(bus, at, seconds, pitch, loudness);
  }

  #pitched(bus, at, seconds, pitch, loudness) {
    const audio = this.audio, frequency = 440 * 2 ** ((pitch - 69) / 12), end = at + Math.max(seconds, 0.06);
    const gain = audio.createGain(), filter = audio.createBiquadFilter();
    filter.frequency.setValueAtTime(Math.min(8 * frequency + 600, 11000), at);
    filter.frequency.setTargetAtTime(Math.min(3.5 * frequency + 300, 8000), at, 0.4);
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(0.2 * loudness, at + 0.014);
    gain.gain.setTargetAtTime(0.12 * loudness, at + 0.014, 0.35);
    gain.gain.setTargetAtTime(0, end - 0.02, 0.06);
    for (const [type, ratio, share] of [["triangle", 1, 1], ["sine", 2, 0.35]]) {
      const wave = audio.createOscillator(), part = audio.createGain();
      wave.type = type;
      wave.frequency.value = frequency * ratio;
      part.gain.value = share;
      wave.connect(part).connect(filter);
      wave.start(at);
      wave.stop(end + 0.4);
      if (ratio === 1) wave.onended = () => { gain.disconnect(); };
    }
    filter.connect(gain).connect(bus);
  }
}

// Plays one take, also while it is drawn. `source()` returns {notes, drums, end, isComplete}.
export class Player {
  constructor(synth, midi) { this.synth = synth; this.midi = midi; this.speed = 1; this.playing = null; this.onend = () => {}; }

  async start(source, from = 0) {
    this.stop();
    const playing = this.playing = { source, next: 0, from, bus: null, timer: 0, isWaiting: true, key: Symbol("playback") };
    await this.synth.wake();
    if (this.playing !== playing) return;
    playing.bus = this.synth.bus();
    const { notes } = source();
    while (playing.next < notes.length && notes[playing.next][0] < from - 0.001) playing.next++;
    playing.timer = setInterval(() => this.#look(playing), EVERY);
    this.#look(playing);
  }

  get position() {
    const playing = this.playing;
    if (!playing) return null;
    if (playing.isWaiting) return playing.from;
    return Math.max(playing.from, playing.from + (this.synth.audio.currentTime - playing.at) * this.speed);
  }

  setSpeed(speed) {
    const playing = this.playing;
    if (playing && !playing.isWaiting) { playing.from = this.position; playing.at = this.synth.audio.currentTime; }
    this.speed = speed;
  }

  stop() {
    const playing = this.playing;
    this.playing = null;
    if (!playing) return;
    clearInterval(playing.timer);
    if (playing.bus) this.synth.silence(playing.bus);
    this.midi.silence();
  }

  #look(playing) {
    if (this.playing !== playing) return;
    const { notes, drums, end, isComplete } = playing.source(), now = this.synth.audio.currentTime;
    const ready = isComplete ? Infinity : end - HELD_BACK;
    if (playing.isWaiting) {
      if (!notes.length || ready <= playing.from + AHEAD) {
        if (isComplete) this.#end();
        return;
      }
      playing.isWaiting = false;
      playing.at = now + 0.05;
    }
    const position = playing.from + (now - playing.at) * this.speed;
    if (position + AHEAD > ready) { // What is drawn has been played: wait for more.
      playing.from = position;
      playing.isWaiting = true;
      return;
    }
    while (playing.next < notes.length && notes[playing.next][0] < Math.min(position + AHEAD, ready)) {
      const [start, seconds, pitch, loudness, track] = notes[playing.next++];
      const at = Math.max(playing.at + (start - playing.from) / this.speed, now);
      if (this.midi.output) this.midi.play(at - now, seconds / this.speed, pitch, loudness, track, drums[track]);
      else this.synth.note(playing.bus, at, seconds / this.speed, pitch, loudness, drums[track]);
      if (!playing.isHeard) {
        playing.isHeard = true;
        performance.mark("first-note", { startTime: performance.now() + 1000 * (at - now) });
      }
    }
    if (isComplete && position > end + 0.3) this.#end();
  }

  #end() {
    this.stop();
    this.onend();
  }
}
