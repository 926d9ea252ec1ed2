// Web MIDI: notes go to another program, and a phrase that is played becomes a take.
export class Midi {
  constructor() { this.access = null; this.output = null; this.input = null; this.phrase = null; this.sounding = new Map(); }

  static get isThere() { return typeof navigator.requestMIDIAccess === "function"; }

  async connect(onChange) {
    this.access = await navigator.requestMIDIAccess({ sysex: false });
    this.access.onstatechange = onChange;
    onChange();
  }

  play(delay, seconds, pitch, loudness, track, isDrum) {
    const channel = isDrum ? 9 : track % 16 === 9 ? 10 : track % 16, now = performance.now() + 1000 * delay;
    this.output.send([0x90 | channel, pitch, Math.max(1, Math.round(127 * loudness))], now);
    this.output.send([0x80 | channel, pitch, 0], now + 1000 * seconds - 5);
  }

  silence() {
    if (!this.output) return;
    this.output.clear?.();
    for (let channel = 0; channel < 16; channel++) this.output.send([0xb0 | channel, 123, 0]);
  }

  record() {
    this.phrase = [];
    this.sounding.clear();
    this.input.onmidimessage = ({ data: [status, pitch, velocity], timeStamp }) => {
      const kind = status & 0xf0;
      if (kind === 0x90 && velocity) this.sounding.set(pitch, [timeStamp, velocity]);
      else if ((kind === 0x80 || kind === 0x90) && this.sounding.has(pitch)) {
        const [at, loudness] = this.sounding.get(pitch);
        this.sounding.delete(pitch);
        this.phrase.push([at, timeStamp, pitch, loudness]);
      }
    };
  }

  // Returns the phrase as the bytes of a MIDI file, or null if nothing was played. A key that is still down ends now.
  finish() {
    this.input.onmidimessage = null;
    const held = [...this.sounding].map(([pitch, [at, loudness]]) => [at, performance.now(), pitch, loudness]);
    const phrase = [...(this.phrase ?? []), ...held];
    this.sounding.clear();
    this.phrase = null;
    return phrase.length ? midiFile(phrase) : null;
  }
}

const TICKS = 480, PER_SECOND = 2 * TICKS; // 120 quarters a minute

function variableLength(value) {
  const bytes = [value & 0x7f];
  while ((value >>= 7)) bytes.unshift((value & 0x7f) | 0x80);
  return bytes;
}

export function midiFile(phrase) {
  const begin = Math.min(...phrase.map(([at]) => at)), tick = (time) => Math.round(((time - begin) / 1000) * PER_SECOND);
  const events = phrase.flatMap(([at, end, pitch, velocity]) => [
    [tick(at), 1, [0x90, pitch, velocity]], [Math.max(tick(end), tick(at) + 1), 0, [0x80, pitch, 0]],
  ]).sort((one, other) => one[0] - other[0] || one[1] - other[1]);
  const track = [0, 0xff, 0x58, 4, 4, 2, 24, 8];
  let now = 0;
  for (const [at, , bytes] of events) {
    track.push(...variableLength(at - now), ...bytes);
    now = at;
  }
  track.push(0, 0xff, 0x2f, 0);
  const word = (value) => [value >> 24, value >> 16, value >> 8, value].map((byte) => byte & 0xff);
  return new Uint8Array([
    ...[0x4d, 0x54, 0x68, 0x64], ...word(6), 0, 0, 0, 1, TICKS >> 8, TICKS & 0xff,
    ...[0x4d, 0x54, 0x72, 0x6b], ...word(track.length), ...track,
  ]);
}
