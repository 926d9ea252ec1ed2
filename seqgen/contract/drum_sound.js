// Defines drumSound(audio, out, at, pitch, loudness), which plays a drum by its General MIDI pitch, without a sound file.
// `audio` is an AudioContext, `at` its second, `out` where the sound goes, loudness 0 … 1.
(() => {
  const noises = new WeakMap();

  // Returns a second of white noise, made once for each context.
  function noiseOf(audio) {
    if (noises.has(audio)) return noises.get(audio);
    const buffer = audio.createBuffer(1, audio.sampleRate, audio.sampleRate), samples = buffer.getChannelData(0);
    for (let i = 0, state = 99; i < samples.length; i++) {
      state = (state * 16807) % 2147483647;
      samples[i] = state / 1073741823 - 1;
    }
    noises.set(audio, buffer);
    return buffer;
  }

  globalThis.drumSound = (audio, out, at, pitch, loudness) => {
    const gain = audio.createGain(), isLow = pitch <= 36, seconds = isLow ? 0.18 : pitch >= 49 ? 0.6 : 0.12;
    gain.gain.setValueAtTime((isLow ? 0.6 : 0.25) * loudness, at);
    gain.gain.exponentialRampToValueAtTime(0.001, at + seconds);
    gain.connect(out);
    if (isLow) {
      const wave = audio.createOscillator();
      wave.frequency.setValueAtTime(140, at);
      wave.frequency.exponentialRampToValueAtTime(45, at + seconds);
      wave.connect(gain);
      wave.start(at);
      wave.stop(at + seconds);
      return;
    }
    const source = audio.createBufferSource(), filter = audio.createBiquadFilter();
    source.buffer = noiseOf(audio);
    filter.type = "highpass";
    filter.frequency.value = pitch >= 42 ? 6000 : 900;
    source.connect(filter).connect(gain);
    source.start(at);
    source.stop(at + seconds);
  };
})();
