// Points, as pixels: no graphics card is needed, and 100,000 of them take milliseconds.
const SCALE = ["#43408f", "#3f74b8", "#2fa39a", "#9cc04c", "#f0b32b"]; // from low to high
const GREY = "#9a9aa2";

function rgb(hex) {
  const value = parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
const packed = ([red, green, blue]) => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0; // as little-endian RGBA
const between = (one, other, share) => one.map((part, n) => Math.round(part + (other[n] - part) * share));

function scaleColor(share) {
  const at = Math.max(0, Math.min(0.9999, share)) * (SCALE.length - 1), step = Math.floor(at);
  return between(rgb(SCALE[step]), rgb(SCALE[step + 1]), at - step);
}

// One disc: how far each of its pixels is from the middle one, and how much of it is covered, 0…255.
function disc(radius, width, ring) {
  const reach = Math.ceil(radius + ring), inner = [], edge = [], cover = [], outline = [], shade = [];
  for (let y = -reach; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) {
      const distance = Math.hypot(x, y), share = Math.min(1, Math.max(0, radius + 0.5 - distance));
      const around = Math.min(1, Math.max(0, radius + ring + 0.5 - distance));
      if (share >= 1) inner.push(y * width + x);
      else {
        if (ring && around > 0) { outline.push(y * width + x); shade.push(Math.round(255 * around)); }
        if (share > 0) { edge.push(y * width + x); cover.push(Math.round(255 * share)); }
      }
    }
  }
  return { reach, inner: Int32Array.from(inner), edge: Int32Array.from(edge), cover: Uint8Array.from(cover), outline: Int32Array.from(outline), shade: Uint8Array.from(shade) };
}

function blend(pixels, at, color, cover) {
  const below = pixels[at], rest = 255 - cover;
  const red = ((color & 255) * cover + (below & 255) * rest) / 255;
  const green = (((color >> 8) & 255) * cover + ((below >> 8) & 255) * rest) / 255;
  const blue = (((color >> 16) & 255) * cover + ((below >> 16) & 255) * rest) / 255;
  pixels[at] = (255 << 24) | (blue << 16) | (green << 8) | red;
}

class Painter {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.order = new Uint32Array(COUNT); // by chance, so that no group lies above the others only because it comes last
    for (let n = 0; n < COUNT; n++) this.order[n] = n;
    for (let n = COUNT - 1, seed = 1; n > 0; n--) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      const other = seed % (n + 1), kept = this.order[n];
      this.order[n] = this.order[other]; this.order[other] = kept;
    }
  }
  resize() {
    const ratio = window.devicePixelRatio || 1, { clientWidth, clientHeight } = this.canvas;
    this.ratio = ratio;
    this.canvas.width = Math.max(1, Math.round(clientWidth * ratio));
    this.canvas.height = Math.max(1, Math.round(clientHeight * ratio));
    this.image = this.context.createImageData(this.canvas.width, this.canvas.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }
  // layer: of each point 0 (not shown), 1 (faint), 2 (usual), 3 (chosen). colors: of each point, packed.
  paint(view, radius, colors, faint, layer, paper, ink) {
    const begun = performance.now();
    this.pixels.fill(packed(paper));
    const size = radius * this.ratio, ring = size >= 3.5 ? this.ratio * 0.8 : 0;
    this.pass(view, disc(size * 0.85, this.canvas.width, 0), faint, layer, 1, 0);
    this.pass(view, disc(size, this.canvas.width, ring), colors, layer, 2, packed(paper));
    this.pass(view, disc(size * 1.15, this.canvas.width, Math.max(1, this.ratio)), colors, layer, 3, packed(ink));
    this.context.putImageData(this.image, 0, 0);
    return performance.now() - begun;
  }
  pass(view, stamp, colors, layer, wanted, around) {
    const { pixels, order, ratio } = this, { width, height } = this.canvas, { reach, inner, edge, cover, outline, shade } = stamp;
    const scale = view.scale * ratio, left = view.x * ratio, top = view.y * ratio;
    for (let n = 0; n < COUNT; n++) {
      const row = order[n];
      if (layer[row] !== wanted) continue;
      const x = (xs[row] * scale + left + 0.5) | 0, y = (ys[row] * scale + top + 0.5) | 0;
      if (x < reach || y < reach || x >= width - reach || y >= height - reach) continue;
      const at = y * width + x, color = colors[row];
      for (let i = 0; i < outline.length; i++) blend(pixels, at + outline[i], around, shade[i]);
      for (let i = 0; i < edge.length; i++) blend(pixels, at + edge[i], color, cover[i]);
      for (let i = 0; i < inner.length; i++) pixels[at + inner[i]] = color;
    }
  }
}
