// The timeline of a whole video at every zoom: Ctrl and wheel, pinch, buttons, the keys + − 0. Everything on it stands in per cent of its
// width; what is drawn by pixel (sound, times) is drawn for the part that is seen. `now()` is the second of the video that plays.
const zooming = (now) => {
  const MOST = 160, STEP = 1.6, LABEL = 84, MARGIN = 6, NICE = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
  const kept = new Map();  // sound and pictures by where they lie
  let zoom = 1, of = null, wave = null, film = null, planned = false, touched = 0, pinch = null;
  const root = () => element.querySelector('.tl.whole:not([hidden])'), pane = () => root()?.querySelector('.tl-window'), wide = () => root()?.querySelector('.tl-wide');
  const whole = () => Number(root()?.dataset.whole || 1), inner = () => wide().offsetWidth - 2 * MARGIN;
  const second = (x) => Math.max(0, Math.min(whole(), (x - wide().getBoundingClientRect().left - MARGIN) / inner() * whole()));
  const most = () => Math.max(1, whole() * MOST / Math.max(1, pane().clientWidth));
  // The part of the track that is seen, and no pixel beside it: sound and pictures begin and end together.
  const sound = () => {
    const canvas = root().querySelector('.tl-wave'); if (!canvas) return;
    const seen = pane().scrollLeft - MARGIN, left = Math.max(0, seen), width = Math.max(0, Math.min(inner(), seen + pane().clientWidth) - left), height = canvas.parentElement.clientHeight, sharp = devicePixelRatio || 1;
    canvas.style.left = `${left}px`; canvas.style.width = `${width}px`;
    if (canvas.width !== Math.round(width * sharp) || canvas.height !== Math.round(height * sharp)) { canvas.width = Math.round(width * sharp); canvas.height = Math.round(height * sharp); }
    const pen = canvas.getContext('2d'); pen.setTransform(sharp, 0, 0, sharp, 0, 0); pen.clearRect(0, 0, width, height);
    if (!wave) return;
    pen.fillStyle = getComputedStyle(canvas).color;
    const each = whole() / inner(), from = left * each;
    for (let x = 0; x < width; x += 2) {
      const first = Math.floor((from + x * each) * 50), last = Math.max(first + 1, Math.ceil((from + (x + 2) * each) * 50));
      let top = 0; for (let i = Math.max(0, first); i < last && i < wave.length; i++) if (wave[i] > top) top = wave[i];
      const tall = Math.max(1, top / 255 * (height - 8)); pen.fillRect(x, (height - tall) / 2, 1.4, tall);
    }
  };
  // Pictures of the film, as many as fit, each the one of its time.
  const pictures = () => {
    const canvas = root().querySelector('.tl-film'); if (!canvas) return;
    canvas.hidden = !film; if (!film) return;
    const width = pane().clientWidth, height = canvas.parentElement.querySelector('.tl-film').clientHeight, sharp = devicePixelRatio || 1, n = Number(canvas.dataset.n), each = film.naturalWidth / n, tall = film.naturalHeight, across = each / tall * height;
    canvas.style.left = `${pane().scrollLeft}px`; canvas.style.width = `${width}px`;
    if (canvas.width !== Math.round(width * sharp) || canvas.height !== Math.round(height * sharp)) { canvas.width = Math.round(width * sharp); canvas.height = Math.round(height * sharp); }
    const pen = canvas.getContext('2d'); pen.setTransform(sharp, 0, 0, sharp, 0, 0); pen.clearRect(0, 0, width, height);
    const first = MARGIN - pane().scrollLeft, last = first + inner();
    for (let k = Math.max(0, Math.floor((-first) / across)); first + k * across < Math.min(width, last); k++) {
      const x = first + k * across, t = second(x + across / 2 + pane().getBoundingClientRect().left), i = Math.max(0, Math.min(n - 1, Math.floor(t / whole() * n))), shown = Math.min(across, last - x);
      pen.drawImage(film, i * each, 0, each * shown / across, tall, x, 0, shown, height);
    }
  };
  const times = (from, to) => {
    const axis = root().querySelector('.tl-axis'); if (!axis) return;
    const step = NICE.find(s => s / whole() * inner() >= LABEL) || Math.ceil(whole() / inner() * LABEL / 3600) * 3600, marks = [];
    for (let t = Math.max(0, Math.floor(from / step) * step); t <= Math.min(whole(), to + step); t += step) {
      const edge = t / whole() * inner(), kind = edge < LABEL / 2 ? ' class="first"' : inner() - edge < LABEL / 2 ? ' class="last"' : '';
      marks.push(`<span${kind} style="left:${100 * t / whole()}%">${step < 1 ? clock(t) : clock(t).replace(/\D\d$/, '')}</span>`);
    }
    const text = marks.join(''); if (axis.dataset.drawn !== text) { axis.innerHTML = text; axis.dataset.drawn = text; }
  };
  const head = () => {
    const line = root()?.querySelector('.tl-head'), video = player(); if (!line) return;
    line.hidden = !video || !video.readyState; if (line.hidden) return;
    const share = Math.max(0, Math.min(1, now() / whole())), x = MARGIN + share * inner(), view = pane();
    line.style.left = `${x}px`;
    if (zoom > 1 && Date.now() - touched > 2500 && (x < view.scrollLeft || x > view.scrollLeft + view.clientWidth - 24)) view.scrollLeft = x - view.clientWidth * 0.2;
  };
  const draw = () => {
    planned = false; if (!root() || !pane()?.clientWidth) return;
    const view = pane(), from = second(view.getBoundingClientRect().left), to = second(view.getBoundingClientRect().right);
    wide().style.width = `${100 * zoom}%`;
    sound(); pictures(); times(from, to); head();
    root().querySelector('.tl-shown').textContent = zoom > 1 ? `${clock(from)}–${clock(to)}` : '';
    root().querySelectorAll('[data-zoom]').forEach(b => { b.disabled = b.dataset.zoom === 'in' ? zoom >= most() - 0.01 : zoom <= 1; });
  };
  const plan = () => { if (!planned) { planned = true; requestAnimationFrame(draw); } };
  const set = (value, x = null) => {
    const view = pane(); if (!view) return;
    const box = view.getBoundingClientRect(), line = root().querySelector('.tl-head');
    // What is under the pointer stays there; without one the line of the player does, or the middle.
    const seen = line && !line.hidden ? line.getBoundingClientRect().left : -1;
    const at = x ?? (seen >= box.left && seen <= box.right ? seen : box.left + box.width / 2), t = second(at);
    zoom = Math.max(1, Math.min(most(), value)); touched = Date.now();
    wide().style.width = `${100 * zoom}%`; view.scrollLeft = MARGIN + t / whole() * inner() - (at - box.left);
    draw();
  };
  const by = (act) => set(act === 'all' ? 1 : act === 'in' ? zoom * STEP : zoom / STEP);
  // The pictures are made on the server when they are first asked for; the timeline does not wait for them.
  const reel = (where) => {
    const image = kept.get(`${where} film`) || new Image();
    const there = () => { kept.set(`${where} film`, image); if (of === where) { film = image; plan(); } };
    if (image.complete && image.naturalWidth) there(); else { image.addEventListener('load', there, { once: true }); image.src = where.replace('{}', 'film'); }
  };
  const load = async () => {
    const where = root()?.dataset.beside || null;
    if (!where || where === of) return;
    of = where; zoom = 1; wave = kept.get(where) || null; film = null; reel(where);
    if (!wave) try {
      const answer = await fetch(where.replace('{}', 'wave'));
      if (answer.ok) { const found = new Uint8Array(await answer.arrayBuffer()); kept.set(where, found); if (of === where) wave = found; }
    } catch { /* the curve is there without it */ }
    plan();
  };
  element.addEventListener('click', (e) => { const hit = e.target.closest('[data-zoom]'); if (hit) by(hit.dataset.zoom); });
  element.addEventListener('wheel', (e) => {
    if (!(e.ctrlKey || e.metaKey) || !e.target.closest('.tl-window')) return;
    e.preventDefault(); set(zoom * Math.exp(-Math.max(-40, Math.min(40, e.deltaY)) / 100), e.clientX);
  }, { passive: false });
  const far = (t) => Math.hypot(t[0].clientX - t[1].clientX, t[0].clientY - t[1].clientY);
  element.addEventListener('touchstart', (e) => {
    if (e.touches.length === 2 && e.target.closest('.tl-window')) pinch = { far: far(e.touches), zoom };
  }, { passive: true });
  element.addEventListener('touchmove', (e) => {
    if (!pinch || e.touches.length !== 2) return;
    e.preventDefault(); set(pinch.zoom * far(e.touches) / pinch.far, (e.touches[0].clientX + e.touches[1].clientX) / 2);
  }, { passive: false });
  element.addEventListener('touchend', () => { pinch = null; });
  element.addEventListener('scroll', (e) => { if (e.target.classList?.contains('tl-window')) plan(); }, true);
  element.addEventListener('pointerdown', (e) => { if (e.target.closest('.tl-window')) touched = Date.now(); });
  const run = () => { head(); if (player() && !player().paused && element.offsetParent) requestAnimationFrame(run); };
  element.addEventListener('play', run, true);
  ['timeupdate', 'seeked', 'loadedmetadata'].forEach(what => element.addEventListener(what, head, true));
  new MutationObserver(() => { load(); plan(); }).observe(element, { childList: true, subtree: true, attributes: true, attributeFilter: ['data-render', 'data-whole', 'hidden'] });
  new MutationObserver(plan).observe(document.body, { attributes: true, attributeFilter: ['class'] });
  new ResizeObserver(plan).observe(element);
  load(); plan();
  return { by, second, draw: plan };
};
