// Where the map is looked at from, and which points are where.
class View {
  constructor() { this.scale = 1; this.x = 0; this.y = 0; this.base = 1; } // CSS pixels: screen = map * scale + (x, y)
  fit(width, height) {
    this.base = this.scale = Math.max(20, Math.min(width / this.spread(xs), (height - 40) / this.spread(ys)) * 0.94);
    this.x = width / 2; this.y = height / 2 + 12;
  }
  spread(values) {
    let most = 0.05;
    for (let n = 0; n < values.length; n++) if (Math.abs(values[n]) > most) most = Math.abs(values[n]);
    return 2 * most;
  }
  zoom(factor, x, y) {
    const scale = Math.max(this.base / 2, Math.min(this.base * 400, this.scale * factor)), by = scale / this.scale;
    this.x = x - (x - this.x) * by; this.y = y - (y - this.y) * by; this.scale = scale;
  }
  move(x, y) { this.x += x; this.y += y; }
  screen(row) { return [xs[row] * this.scale + this.x, ys[row] * this.scale + this.y]; }
  // Smaller where there are many, larger the closer one looks; in CSS pixels.
  radius(width, height) {
    const crowd = Math.sqrt((width * height) / Math.max(COUNT, 1)) * 0.16;
    return Math.min(9, Math.max(1.25, Math.min(5, crowd)) * Math.pow(this.scale / this.base, 0.4));
  }
}

// Points by the cell of a grid that they lie in: the rows of cell c are rows[first[c]] … rows[first[c + 1] - 1].
const CELLS = 160;
const cellOf = (value) => Math.max(0, Math.min(CELLS - 1, Math.floor(((value + 1) / 2) * CELLS)));
class Grid {
  constructor() {
    const cells = new Uint16Array(COUNT);
    this.first = new Uint32Array(CELLS * CELLS + 1);
    for (let row = 0; row < COUNT; row++) {
      cells[row] = cellOf(ys[row]) * CELLS + cellOf(xs[row]);
      this.first[cells[row] + 1]++;
    }
    for (let cell = 0; cell < CELLS * CELLS; cell++) this.first[cell + 1] += this.first[cell];
    this.rows = new Uint32Array(COUNT);
    const next = this.first.slice();
    for (let row = 0; row < COUNT; row++) this.rows[next[cells[row]]++] = row;
  }
  // The point nearest to a place on the screen, or -1 when none is so near.
  nearest(view, x, y, reach, shown) {
    const mapX = (x - view.x) / view.scale, mapY = (y - view.y) / view.scale, wide = reach / view.scale;
    let best = -1, least = wide * wide;
    for (let line = cellOf(mapY - wide); line <= cellOf(mapY + wide); line++) {
      const from = this.first[line * CELLS + cellOf(mapX - wide)], to = this.first[line * CELLS + cellOf(mapX + wide) + 1];
      for (let n = from; n < to; n++) {
        const row = this.rows[n], distance = (xs[row] - mapX) ** 2 + (ys[row] - mapY) ** 2;
        if (distance <= least && shown(row)) { best = row; least = distance; }
      }
    }
    return best;
  }
}

// The rows inside a line that is drawn on the screen, [[x, y], …].
function inside(view, line, shown) {
  const lineX = line.map(([x]) => (x - view.x) / view.scale), lineY = line.map(([, y]) => (y - view.y) / view.scale);
  const [left, right] = [Math.min(...lineX), Math.max(...lineX)], [top, bottom] = [Math.min(...lineY), Math.max(...lineY)];
  const found = [];
  for (let row = 0; row < COUNT; row++) {
    const x = xs[row], y = ys[row];
    if (x < left || x > right || y < top || y > bottom || !shown(row)) continue;
    let within = false;
    for (let n = 0, last = lineX.length - 1; n < lineX.length; last = n++) {
      const crosses = lineY[n] > y !== lineY[last] > y;
      if (crosses && x < ((lineX[last] - lineX[n]) * (y - lineY[n])) / (lineY[last] - lineY[n]) + lineX[n]) within = !within;
    }
    if (within) found.push(row);
  }
  return found;
}
