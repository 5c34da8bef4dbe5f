// Keys of an editing desk for the view that is seen: J K L, space, arrows by frame, I and O, up and down from clip to clip.
// `desk` has: at() → second of the clip's source, seek(second), edge(which, second), step(±1), add(), act(split, merge, duplicate or remove), zoom(in, out or all) or none of the last five.
const keyed = (desk) => {
  const FRAME = 1 / 25;
  let back = 0, speed = 1;
  const halt = () => { clearInterval(back); back = 0; speed = 1; const video = player(); if (video) video.playbackRate = 1; };
  const forward = (video) => {
    if (back) halt();
    if (!video.paused) speed = Math.min(8, speed * 2); else speed = 1;
    stopAt = Infinity; video.playbackRate = speed; video.play().catch(() => {});
  };
  const reverse = (video) => {
    video.pause(); speed = back ? Math.min(8, speed * 2) : 1; clearInterval(back);
    back = setInterval(() => { video.currentTime = Math.max(0, video.currentTime - 0.1 * speed); if (!video.currentTime) halt(); }, 100);
  };
  const acts = {
    k: (video) => { const running = !video.paused || back; halt(); if (running) video.pause(); else video.play().catch(() => {}); },
    l: forward, j: reverse,
    arrowleft: (video, e) => { halt(); video.pause(); video.currentTime = Math.max(0, video.currentTime - (e.shiftKey ? 1 : FRAME)); },
    arrowright: (video, e) => { halt(); video.pause(); video.currentTime += e.shiftKey ? 1 : FRAME; },
    i: () => desk.edge?.('start', desk.at()), o: () => desk.edge?.('end', desk.at()),
    arrowup: () => desk.step?.(-1), arrowdown: () => desk.step?.(1), m: () => desk.add?.(),
    s: () => desk.act?.('split'), d: () => desk.act?.('duplicate'), g: () => desk.act?.('merge'), x: () => desk.act?.('remove'),
  };
  acts[' '] = acts.k; acts['+'] = acts['='] = () => desk.zoom?.('in'); acts['-'] = () => desk.zoom?.('out'); acts['0'] = () => desk.zoom?.('all');
  document.addEventListener('keydown', (e) => {
    const video = player();
    if (!video || !element.offsetParent || e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented) return;
    if (e.target.closest('input, textarea, select, [contenteditable], dialog, [role=slider], [role=tab], .tl-play')) return;
    const key = e.key.toLowerCase(), act = acts[key];
    if (!act || (key === ' ' && e.target.closest('button, a, summary, mark, label, video'))) return;
    if (key.startsWith('arrow') && !element.contains(e.target) && e.target !== document.body) return;
    e.preventDefault(); act(video, e);
  });
};
