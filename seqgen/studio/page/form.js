// The form of the constraints, made from the JSON schema of the model's own Constraints. Descriptions are the help.
const label = (name) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");

function alternatives(property) {
  return (property.anyOf ?? [property]).filter((one) => one.type !== "null");
}

function control(name, property, recommended) {
  const [kind] = alternatives(property);
  const choices = kind.enum ?? (kind.const === undefined ? null : [kind.const]);
  let input;
  if (choices || kind.type === "boolean") {
    input = document.createElement("select");
    const options = choices ? choices.map((one) => [String(one), String(one)]) : [["true", "yes"], ["false", "no"]];
    const usual = options.find(([value]) => value === String(recommended));
    for (const [value, text] of [["", usual ? `as recommended: ${usual[1]}` : "as the model likes"], ...options]) input.append(new Option(text, value));
  } else {
    input = document.createElement("input");
    input.autocomplete = "off";
    if (kind.type === "integer" || kind.type === "number") {
      input.type = "number";
      input.step = kind.type === "integer" ? "1" : "any";
      const lowest = kind.minimum ?? kind.exclusiveMinimum, highest = kind.maximum ?? kind.exclusiveMaximum;
      if (lowest !== undefined) input.min = lowest;
      if (highest !== undefined) input.max = highest;
    } else {
      input.maxLength = 400;
    }
  }
  input.name = name;
  input.dataset.kind = kind.type ?? "string";
  return input;
}

// Fills `place` with fields for all properties of a schema but those in `without`. What is `recommended` holds where a
// field is empty.
export function buildForm(place, schema, without, saved, recommended) {
  place.replaceChildren();
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (without.has(name)) continue;
    const field = document.createElement("label"), input = control(name, property, recommended[name]), help = document.createElement("p");
    field.className = "field";
    field.append(label(name), " ", input);
    help.className = "help";
    help.id = `help-${name}`;
    help.textContent = property.description ?? "";
    input.setAttribute("aria-describedby", help.id);
    if (saved[name] !== undefined) input.value = saved[name];
    if (input.tagName === "INPUT" && recommended[name] !== undefined) input.placeholder = recommended[name];
    const mark = () => field.classList.toggle("unset", input.value === "");
    input.addEventListener("input", mark);
    mark();
    place.append(field, help);
  }
}

// Returns the values of the fields that are not empty, in the types of the schema.
export function valuesOf(place) {
  const values = {};
  for (const input of place.querySelectorAll("input, select")) {
    if (input.value === "") continue;
    const kind = input.dataset.kind;
    values[input.name] = kind === "boolean" ? input.value === "true"
      : kind === "integer" || kind === "number" ? Number(input.value) : input.value;
  }
  return values;
}
