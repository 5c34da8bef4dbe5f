// Captions as they will be burned in: libass, compiled for the browser, in a worker of this page. Nothing leaves the page.
const captionsWorker = (base) => {
  const fonts = new Map(), wanted = [];
  let worker = null, key = '', ready = null, busy = false;
  const font = (url) => {
    if (!fonts.has(url)) fonts.set(url, fetch(url).then(r => { if (!r.ok) throw new Error(url); return r.arrayBuffer(); }));
    return fonts.get(url);
  };
  const start = async ({ script, width, height, fontUrls }) => {
    const bytes = await Promise.all(fontUrls.map(font));
    worker?.terminate();
    worker = new Worker(`${base}jassub-worker.js`);
    const begun = new Promise((done, failed) => {
      worker.onerror = (e) => failed(new Error(e.message || 'worker'));
      worker.addEventListener('message', ({ data }) => { if (data.target === 'ready') done(); });
    });
    worker.postMessage({
      target: 'init', wasmUrl: `${base}jassub-worker.wasm`, legacyWasmUrl: '', asyncRender: false, onDemandRender: true,
      width, height, blendMode: 'js', subContent: script, fonts: bytes.map(b => new Uint8Array(b)), availableFonts: {},
      fallbackFont: 'dejavu sans condensed', useLocalFonts: false, targetFps: 24, libassMemoryLimit: 64, libassGlyphLimit: 0,
    });
    await begun;
    worker.postMessage({ target: 'canvas', width, height, videoWidth: width, videoHeight: height });
  };
  const next = () => {
    if (busy || !wanted.length) return;
    busy = true;
    const { time, done } = wanted.shift();
    const told = ({ data }) => {
      if (data.target !== 'render' && data.target !== 'unbusy') return;
      worker.removeEventListener('message', told); busy = false;
      done(data.target === 'render' ? data.images : null); next();
    };
    worker.addEventListener('message', told);
    worker.postMessage({ target: 'demand', time });
  };
  // Draws what is seen at `time` on `canvas`, which has the pixels of the result; resolves when it is there.
  return async (canvas, shown, time) => {
    const wish = JSON.stringify([shown.script, shown.width, shown.height, shown.fontUrls]);
    if (wish !== key) { key = wish; busy = false; wanted.length = 0; ready = start(shown); }
    await ready;
    const images = await new Promise(done => { wanted.push({ time, done }); next(); });
    if (images === null) return; // as it was
    canvas.width = shown.width; canvas.height = shown.height;
    const drawing = canvas.getContext('2d'), part = document.createElement('canvas');
    drawing.clearRect(0, 0, shown.width, shown.height);
    for (const { image, w, h, x, y } of images) {
      part.width = w; part.height = h;
      part.getContext('2d').putImageData(new ImageData(new Uint8ClampedArray(image), w, h), 0, 0);
      drawing.drawImage(part, x, y);
    }
  };
};
