// Shows a chorale on a page that draws it: the tokens as notes, their piano roll, the player, and a MIDI file.
// CHORALE is the layout of the tokens (browser.py); player.js plays what stands in the figure.

const COLUMN_WIDTH = 8, ROW_HEIGHT = 6, TICKS_PER_QUARTER = 480, BOS = 0, EOS = 1;

// Returns the meter, the pickup in columns, the number of columns, and notes {voice, start, length, pitch} in columns.
function decodeChorale(ids) {
  const content = Array.from(ids).filter((id) => id !== BOS && id !== EOS), voices = CHORALE.voices.length;
  const meter = CHORALE.meters[content.length > 0 ? content[0] - CHORALE.firstMeter : 0];
  const pickup = content.length > 1 ? content[1] - CHORALE.firstPickup : 0;
  const columns = Math.floor(Math.max(content.length - 2, 0) / voices), notes = [];
  for (let voice = 0; voice < voices; voice++) {
    let sounding = null;
    for (let column = 0; column < columns; column++) {
      const token = content[2 + column * voices + voice];
      if (token === CHORALE.hold) {
        if (sounding) sounding.length++;
      } else if (token >= CHORALE.firstPitch) {
        sounding = { voice, start: column, length: 1, pitch: token - CHORALE.firstPitch + CHORALE.lowest };
        notes.push(sounding);
      } else sounding = null;
    }
  }
  notes.sort((a, b) => a.start - b.start || a.voice - b.voice);
  return { meter, pickup, columns, notes };
}

function drawChorale(canvas, { meter: [, , barColumns], pickup, columns, notes }) {
  const pitches = notes.map((note) => note.pitch), highest = Math.max(60, ...pitches) + 2;
  const lowest = Math.min(60, ...pitches) - 2, height = (highest - lowest + 1) * ROW_HEIGHT;
  const width = Math.max(columns, 1) * COLUMN_WIDTH, scale = Math.min(globalThis.devicePixelRatio || 1, 8192 / width);
  canvas.width = width * scale;
  canvas.height = height * scale;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, width, height);
  context.fillStyle = "#f0f0ec";
  for (let pitch = lowest; pitch <= highest; pitch++)
    if ([1, 3, 6, 8, 10].includes(pitch % 12)) context.fillRect(0, (highest - pitch) * ROW_HEIGHT, width, ROW_HEIGHT);
  context.fillStyle = "#8a8a85";
  for (let column = pickup; column <= columns; column += barColumns) context.fillRect(column * COLUMN_WIDTH, 0, 1, height);
  for (const { voice, start, length, pitch } of notes) {
    context.fillStyle = CHORALE.voices[voice].colour;
    const top = (highest - pitch) * ROW_HEIGHT;
    context.fillRect(start * COLUMN_WIDTH + 1, top, length * COLUMN_WIDTH - 2, ROW_HEIGHT - 1);
  }
  return height;
}

const bigEndian = (value, bytes) => Array.from({ length: bytes }, (_, place) => (value >> (8 * (bytes - 1 - place))) & 255);

// Returns a number as MIDI files write lengths of time: seven bits a byte.
function variableLength(value) {
  const bytes = [value & 127];
  for (let rest = value >> 7; rest; rest >>= 7) bytes.unshift((rest & 127) | 128);
  return bytes;
}

const midiChunk = (name, bytes) => [...new TextEncoder().encode(name), ...bigEndian(bytes.length, 4), ...bytes];
const metaEvent = (kind, bytes) => [0xff, kind, ...variableLength(bytes.length), ...bytes];

// Returns a track of events [tick, bytes].
function midiTrack(events) {
  const bytes = [];
  let now = 0;
  for (const [tick, event] of events) {
    bytes.push(...variableLength(tick - now), ...event);
    now = tick;
  }
  return midiChunk("MTrk", [...bytes, 0, ...metaEvent(0x2f, [])]);
}

function timeSignature(beats, unit) {
  return metaEvent(0x58, [beats, Math.log2(unit), 24, 8]);
}

function midiFile({ meter: [beats, unit], pickup, notes }) {
  const ticks = TICKS_PER_QUARTER / CHORALE.resolution;
  const conductor = [[0, metaEvent(0x51, bigEndian(Math.round(60e6 / CHORALE.tempo), 3))]];
  if (pickup) {
    // A short first bar has a time signature of its own length, as the files of seqgen have.
    let [shortBeats, shortUnit] = [pickup, 4 * CHORALE.resolution];
    while (shortBeats % 2 === 0 && shortUnit > 4) [shortBeats, shortUnit] = [shortBeats / 2, shortUnit / 2];
    conductor.push([0, timeSignature(shortBeats, shortUnit)]);
  }
  conductor.push([pickup * ticks, timeSignature(beats, unit)]);
  const tracks = CHORALE.voices.map(({ name }, voice) => {
    const events = notes.filter((note) => note.voice === voice).flatMap(({ start, length, pitch }) => [
      [start * ticks, [0x90 | voice, pitch, CHORALE.velocity]], [(start + length) * ticks, [0x80 | voice, pitch, 0]],
    ]);
    const title = metaEvent(3, [...new TextEncoder().encode(name)]);
    return midiTrack([[0, title], [0, [0xc0 | voice, CHORALE.program]], ...events]);
  });
  const header = midiChunk("MThd", [...bigEndian(1, 2), ...bigEndian(1 + tracks.length, 2), ...bigEndian(TICKS_PER_QUARTER, 2)]);
  return Uint8Array.from([...header, ...midiTrack(conductor), ...tracks.flat()]);
}

function makeFigure(element) {
  element.innerHTML = '<figure class="roll" style="margin:0"><button type="button">▶ Play</button>' +
    '<div class="scroll" tabindex="0"><div style="position:relative"><canvas role="img"></canvas>' +
    '<svg style="position:absolute;left:0;top:0" aria-hidden="true">' +
    '<line class="head" y1="0" y2="100%" stroke="#c0392b" stroke-width="2" visibility="hidden"/></svg></div></div>' +
    '<p class="legend"></p></figure>';
  element.querySelector("button").insertAdjacentHTML("afterend", ' <span class="title"></span>');
  for (const { name, colour } of CHORALE.voices) {
    const label = document.createElement("span"), mark = document.createElement("i");
    mark.style.background = colour;
    label.append(mark, name);
    element.querySelector(".legend").append(label);
  }
  attachPlayer(element.querySelector("figure"));
}

// known[0] is the number of the key that was drawn (chorale_conditions.py), 0 for none.
function showDocument(ids, element, about, known) {
  if (!element.querySelector("figure")) makeFigure(element);
  const piece = decodeChorale(ids), figure = element.querySelector("figure"), canvas = figure.querySelector("canvas");
  const second = 60 / CHORALE.tempo / CHORALE.resolution, seconds = piece.columns * second;
  const [beats, unit, barColumns] = piece.meter, bars = Math.ceil((piece.columns - piece.pickup) / barColumns);
  const height = drawChorale(canvas, piece), svg = figure.querySelector("svg");
  canvas.setAttribute("aria-label", `Piano roll: ${piece.notes.length} notes in ${bars} bars of ${beats}/${unit}`);
  const key = known && known[0] ? [CHORALE.keys[known[0] - 1]] : [], length = `${bars} ${bars === 1 ? "bar" : "bars"}`;
  const title = [...key, `${beats}/${unit}`, length, `${CHORALE.tempo} quarters a minute`];
  figure.querySelector(".title").textContent = title.join("  ·  ");
  svg.setAttribute("width", Math.max(piece.columns, 1) * COLUMN_WIDTH);
  svg.setAttribute("height", height);
  figure.dataset.notes = JSON.stringify(piece.notes.map(({ start, length, pitch }) =>
    [start * second, length * second, pitch, CHORALE.velocity / 127, 0]));
  figure.dataset.time = JSON.stringify([[0, 0], [Math.max(seconds, second), Math.max(piece.columns, 1) * COLUMN_WIDTH]]);
  return { files: { mid: midiFile(piece) }, seconds };
}
