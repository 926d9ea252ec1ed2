// Plays the notes of a <figure class="roll">: data-notes is [[second, seconds, pitch, loudness 0..1, drums 0 or 1], …] in
// order, data-time is [[second, x], …], between which the play head moves evenly. A small synthesiser, so that the page
// needs no sound file.
(() => {
  const AHEAD = 0.4, EVERY = 100; // seconds that are handed to the audio clock in advance; milliseconds between looks
  let audio = null, playing = null;

  function pitched(at, seconds, pitch, loudness, out) {
    const wave = audio.createOscillator(), filter = audio.createBiquadFilter(), gain = audio.createGain();
    const frequency = 440 * 2 ** ((pitch - 69) / 12), end = at + Math.max(seconds, 0.06);
    wave.type = "triangle";
    wave.frequency.value = frequency;
    filter.frequency.value = Math.min(6 * frequency + 400, 9000);
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(0.22 * loudness, at + 0.012);
    gain.gain.setTargetAtTime(0.13 * loudness, at + 0.012, 0.25);
    gain.gain.setTargetAtTime(0, end - 0.03, 0.04);
    wave.connect(filter).connect(gain).connect(out);
    wave.start(at);
    wave.stop(end + 0.3);
  }

  function place(time, second) {
    let i = 0;
    while (i < time.length - 2 && time[i + 1][0] <= second) i++;
    const [s0, x0] = time[i], [s1, x1] = time[i + 1];
    return x0 + (x1 - x0) * Math.min((second - s0) / (s1 - s0), 1);
  }

  function stop() {
    if (!playing) return;
    clearInterval(playing.timer);
    cancelAnimationFrame(playing.frame);
    playing.out.disconnect();
    playing.button.textContent = "▶ Play";
    playing.head.setAttribute("visibility", "hidden");
    playing = null;
  }

  function play(figure, button) {
    audio = audio || new AudioContext();
    audio.resume();
    const out = audio.createGain(), begun = audio.currentTime + 0.15;
    const head = figure.querySelector(".head"), scroll = figure.querySelector(".scroll");
    let next = 0, read = "", notes = [], time = [];
    // A page that draws the piece may have added notes. Returns whether it is still the same piece.
    const look = () => {
      if (figure.dataset.notes === read) return true;
      const [start, , pitch] = notes[next - 1] ?? [];
      read = figure.dataset.notes;
      notes = JSON.parse(read);
      time = JSON.parse(figure.dataset.time);
      return next === 0 || (notes[next - 1]?.[0] === start && notes[next - 1][2] === pitch);
    };
    look();
    out.connect(audio.destination);
    playing = { button, head, out };
    button.textContent = "■ Stop";
    head.setAttribute("visibility", "visible");
    playing.timer = setInterval(() => {
      if (!look()) return stop();
      const until = audio.currentTime - begun + AHEAD;
      for (; next < notes.length && notes[next][0] < until; next++) {
        const [second, seconds, pitch, loudness, drums] = notes[next], at = Math.max(begun + second, audio.currentTime);
        if (drums) drumSound(audio, out, at, pitch, loudness); // of drum_sound.js
        else pitched(at, seconds, pitch, loudness, out);
      }
      if (audio.currentTime - begun > time[time.length - 1][0] + 0.5) stop();
    }, EVERY);
    const move = () => {
      if (!playing) return;
      const x = place(time, Math.max(audio.currentTime - begun, 0));
      head.setAttribute("transform", `translate(${x} 0)`);
      if (x < scroll.scrollLeft || x > scroll.scrollLeft + 0.8 * scroll.clientWidth) scroll.scrollLeft = x - 60;
      playing.frame = requestAnimationFrame(move);
    };
    move();
  }

  function attach(figure) {
    const button = figure.querySelector("button");
    button.addEventListener("click", () => {
      const again = playing && playing.button === button;
      stop();
      if (!again) play(figure, button);
    });
  }

  document.querySelectorAll("figure.roll").forEach(attach);
  globalThis.attachPlayer = attach; // for a page that makes its rolls later
})();
