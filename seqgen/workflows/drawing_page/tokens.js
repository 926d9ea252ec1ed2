// Shows the tokens of a document by name, for a domain that has nothing better.

function showDocument(ids, element, about) {
  const names = Array.from(ids).filter((id) => id !== about.bos && id !== about.eos).map((id) => about.vocabulary[id]);
  if (!element.querySelector("pre")) element.replaceChildren(document.createElement("pre"));
  element.querySelector("pre").textContent = names.join(" ");
  return { files: { txt: new TextEncoder().encode(`${names.join(" ")}\n`) }, seconds: null };
}
