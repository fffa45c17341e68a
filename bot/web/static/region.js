// The brush: a canvas over the picture, in the picture's own pixels. White, as it is sent, means "draw anew".

const body = document.body;
const words = JSON.parse(body.dataset.words);
const width = Number(body.dataset.width), height = Number(body.dataset.height);
const [sheet, mask, size, undo, send, status, crossMark, rectangle] =
  ["sheet", "mask", "size", "undo", "send", "status", "cross", "begun"].map((id) => document.getElementById(id));
const pen = mask.getContext("2d", { willReadFrequently: true });
const COLOUR = "rgb(255, 61, 113)";
const KEPT_STEPS = 30;

let tool = "brush", zoom = 1, past = [], path = [], finger = null, corner = null;
let cross = { x: width / 2, y: height / 2 };

mask.width = width;
mask.height = height;

function fit() {
  const room = Math.min(document.getElementById("stage").clientWidth - 2, (window.innerHeight * 0.62 * width) / height);
  sheet.style.width = `${room * zoom}px`;
  sheet.style.height = `${(room * zoom * height) / width}px`;
}

const breadth = () => (Number(size.value) / 100) * Math.max(width, height);

function place(event) {
  const box = mask.getBoundingClientRect();
  return { x: ((event.clientX - box.left) / box.width) * width, y: ((event.clientY - box.top) / box.height) * height };
}

function remember() {
  past.push(pen.getImageData(0, 0, width, height));
  if (past.length > KEPT_STEPS) past.shift();
  undo.disabled = false;
}

function stroke(from, to) {
  pen.globalCompositeOperation = tool === "erase" ? "destination-out" : "source-over";
  pen.strokeStyle = COLOUR;
  pen.lineWidth = breadth();
  pen.lineCap = pen.lineJoin = "round";
  pen.beginPath();
  pen.moveTo(from.x, from.y);
  pen.lineTo(to.x + 0.01, to.y);
  pen.stroke();
}

function fill(points) {
  pen.globalCompositeOperation = "source-over";
  pen.fillStyle = COLOUR;
  pen.beginPath();
  points.forEach((point) => pen.lineTo(point.x, point.y));
  pen.fill();
}

const box = (a, b) => [a, { x: b.x, y: a.y }, b, { x: a.x, y: b.y }];

function redraw(points) {
  pen.putImageData(past[past.length - 1], 0, 0);
  fill(points);
}

mask.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || finger !== null) return;
  finger = event.pointerId;
  mask.setPointerCapture(finger);
  remember();
  path = [place(event)];
  if (tool === "brush" || tool === "erase") stroke(path[0], path[0]);
});

mask.addEventListener("pointermove", (event) => {
  if (event.pointerId !== finger) return;
  const here = place(event);
  if (tool === "rectangle") redraw(box(path[0], here));
  else if (tool === "lasso") redraw([...path, here]);
  else stroke(path[path.length - 1], here);
  path.push(here);
});

mask.addEventListener("pointerup", (event) => {
  if (event.pointerId !== finger) return;
  finger = null;
  tell();
});

// A second finger zooms the page: what the first one had begun was no stroke.
mask.addEventListener("pointercancel", (event) => {
  if (event.pointerId !== finger) return;
  finger = null;
  takeBack();
});

function takeBack() {
  const before = past.pop();
  if (before) pen.putImageData(before, 0, 0);
  if (!past.length && document.activeElement === undo) mask.focus();
  undo.disabled = !past.length;
  tell();
}

function tell() {
  const pixels = pen.getImageData(0, 0, width, height).data;
  let marked = 0;
  for (let at = 3; at < pixels.length; at += 4) marked += pixels[at] >= 128 ? 1 : 0;
  const share = (100 * marked) / (width * height);
  send.disabled = !marked;
  const told = share < 1 ? words.little : words.marked.replace("{}", Math.round(share));
  status.textContent = marked ? told : words.nothing;
}

function choose(name) {
  tool = name;
  for (const button of document.querySelectorAll("[data-tool]")) {
    button.setAttribute("aria-pressed", String(button.dataset.tool === name));
  }
}

function scale(factor) {
  zoom = Math.min(8, Math.max(0.5, zoom * factor));
  fit();
}

// What a key changes is said: whoever paints by keys may not see it.
function chooseByKey(name) {
  choose(name);
  status.textContent = document.querySelector(`[data-tool="${name}"]`).textContent;
}

function resize(step) {
  size.value = Number(size.value) + step;
  status.textContent = `${size.labels[0].textContent.trim()} ${size.value}`;
}

const KEYS = {
  b: () => chooseByKey("brush"), e: () => chooseByKey("erase"), r: () => chooseByKey("rectangle"), l: () => chooseByKey("lasso"),
  "[": () => resize(-2), "]": () => resize(2),
  "+": () => scale(1.25), "-": () => scale(0.8),
};

document.addEventListener("keydown", (event) => {
  if (event.target instanceof HTMLTextAreaElement) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") { event.preventDefault(); takeBack(); return; }
  if (!event.ctrlKey && !event.metaKey && KEYS[event.key.toLowerCase()]) KEYS[event.key.toLowerCase()]();
});

function lay(item, a, b) {
  const [left, top] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  Object.assign(item.style, { left: `${(100 * left) / width}%`, top: `${(100 * top) / height}%` });
  if (a !== b) Object.assign(item.style, { width: `${(100 * Math.abs(a.x - b.x)) / width}%`, height: `${(100 * Math.abs(a.y - b.y)) / height}%` });
}

function showCross() {
  lay(crossMark, cross, cross);
  rectangle.hidden = !corner;
  if (corner) lay(rectangle, corner, { ...cross });
}

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

mask.addEventListener("keydown", (event) => {
  if (MOVES[event.key]) {
    event.preventDefault();
    const step = Math.max(width, height) / (event.shiftKey ? 10 : 40);
    cross = {
      x: Math.min(width, Math.max(0, cross.x + MOVES[event.key][0] * step)),
      y: Math.min(height, Math.max(0, cross.y + MOVES[event.key][1] * step)),
    };
    showCross();
    crossMark.scrollIntoView({ block: "nearest", inline: "nearest" });
    const at = `${Math.round((100 * cross.x) / width)} %, ${Math.round((100 * cross.y) / height)} %`;
    status.textContent = words.cross.replace("{}", at);
  } else if (event.key === " ") {
    event.preventDefault();
    remember();
    stroke(cross, cross);
    tell();
  } else if (event.key === "Enter") {
    event.preventDefault();
    if (!corner) { corner = cross; status.textContent = words.corner; showCross(); return; }
    remember();
    fill(box(corner, cross));
    corner = null;
    showCross();
    tell();
  } else if (event.key === "Escape" && corner) {
    corner = null;
    showCross();
    tell();
  }
});

function asMask() {
  const sent = document.createElement("canvas");
  sent.width = width;
  sent.height = height;
  const ink = sent.getContext("2d");
  ink.drawImage(mask, 0, 0);
  ink.globalCompositeOperation = "source-in";
  ink.fillStyle = "white";
  ink.fillRect(0, 0, width, height);
  return sent.toDataURL("image/png");
}

document.getElementById("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  send.disabled = true;
  status.textContent = words.sending;
  try {
    const answer = await fetch(`/region/${body.dataset.token}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ mask: asMask(), prompt: document.getElementById("prompt").value }),
    });
    const told = await answer.json();
    status.textContent = told.message;
    send.disabled = answer.ok;
  } catch {
    status.textContent = words.failed;
    send.disabled = false;
  }
});

undo.addEventListener("click", takeBack);
document.getElementById("clear").addEventListener("click", () => { remember(); pen.clearRect(0, 0, width, height); tell(); });
document.getElementById("larger").addEventListener("click", () => scale(1.25));
document.getElementById("smaller").addEventListener("click", () => scale(0.8));
document.querySelectorAll("[data-tool]").forEach((button) => button.addEventListener("click", () => choose(button.dataset.tool)));
window.addEventListener("resize", fit);
fit();
showCross();
tell();
