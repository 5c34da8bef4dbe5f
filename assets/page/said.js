// What is said in the video: the sentence that plays is marked, a click plays from there, chosen words become a clip or are struck out.
// `desk` has: now() → second that plays, seek(second, start), clip(low, high), state() → the edits, push(state, name).
const speaking = (desk) => {
  const AIR = [0.15, 0.35], MOST_HITS = 500, kept = new Map();
  let of = null, sentences = [], words = [], chosen = null, anchor = 0, cursor = -1, hits = [], hit = -1, flat = '', starts = [], struck = [], spare = null, playing = -1;
  const panel = () => element.querySelector('.said-panel'), box = () => element.querySelector('.said-words');
  const part = (name) => panel()?.querySelector(`[data-said="${name}"]`);
  const fold = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  const inside = (t) => struck.find(([a, b]) => t >= a && t < b);
  const node = (i) => words[i]?.node;
  const write = () => {
    const place = box(); if (!place) return;
    place.replaceChildren(...sentences.map((sentence) => {
      const line = document.createElement('p'), time = document.createElement('button'), text = document.createElement('span');
      line.className = 'line'; time.type = 'button'; time.className = 't'; time.tabIndex = -1; time.textContent = clock(sentence.start).replace(/\D\d$/, ''); time.dataset.at = sentence.start;
      text.lang = sentence.lang; text.dir = 'auto';
      words.slice(sentence.first, sentence.last + 1).forEach((word, k) => {
        const mark = document.createElement('span'); mark.className = 'w'; mark.dataset.w = sentence.first + k; mark.id = `w${sentence.first + k}`; mark.textContent = word.text;
        word.node = mark; text.append(mark, ' ');
      });
      line.append(time, text); sentence.node = line; return line;
    }));
    const bars = element.querySelector('.tl.whole:not([hidden]) .tl-lane.speech b'), whole = Number(element.querySelector('.tl.whole:not([hidden])')?.dataset.whole || 1);
    bars?.replaceChildren(...sentences.map((s) => {
      const bar = document.createElement('i'); bar.style.left = `${100 * s.start / whole}%`; bar.style.width = `${100 * (s.end - s.start) / whole}%`; bar.title = words.slice(s.first, s.last + 1).map(w => w.text).join(' ').slice(0, 120); return bar;
    }));
    playing = -1; choose(null); show(desk.state()); follow();
  };
  const read = (found) => {
    words = []; sentences = found.sentences.map(([start, end, said]) => {
      const first = words.length; said.forEach(([a, b, text]) => words.push({ a, b, text })); return { start, end, first, last: words.length - 1, lang: found.language };
    });
    starts = []; flat = ''; words.forEach((w) => { starts.push(flat.length); flat += `${fold(w.text)} `; });
  };
  const load = async () => {
    const job = panel()?.dataset.of; if (!job) { of = null; return; }
    if (job === of) { if (words.length && !box().firstElementChild) write(); return; }
    of = job; words = []; sentences = [];
    if (!kept.has(job)) try { const answer = await fetch(job.replace('{}', 'said')); if (answer.ok) kept.set(job, await answer.json()); } catch { /* there is no transcript then */ }
    if (of !== job) return;
    read(kept.get(job) || { language: '', sentences: [] }); write();
  };
  // Choosing words.
  const choose = (pair) => {
    if (chosen) for (let i = chosen[0]; i <= chosen[1]; i++) node(i)?.classList.remove('picked');
    chosen = pair;
    if (chosen) for (let i = chosen[0]; i <= chosen[1]; i++) node(i)?.classList.add('picked');
    const out = panel()?.querySelector('[data-chosen]'), strike = part('strike'); if (!out || !strike) return;
    part('clip').disabled = strike.disabled = !chosen;
    strike.dataset.plain ??= strike.textContent; strike.textContent = chosen && gone(chosen) ? strike.dataset.other : strike.dataset.plain;
    if (!chosen) { out.textContent = out.dataset.none; return; }
    const [a, b] = [words[chosen[0]].a, words[chosen[1]].b]; out.textContent = `${clock(a)}–${clock(b)} · ${digits(b - a)} s`;
  };
  const gone = ([i, j]) => words.slice(i, j + 1).every(w => inside((w.a + w.b) / 2));
  const edge = (range, where) => {
    const from = where === 'start' ? range.startContainer : range.endContainer, holder = from.nodeType === 1 ? from : from.parentElement;
    const line = holder.closest('.line') || (where === 'start' ? sentences[0].node : sentences.at(-1).node);
    const touched = [...line.querySelectorAll('.w')].filter(w => range.intersectsNode(w) && (range.toString().trim() || true));
    return touched.length ? Number((where === 'start' ? touched[0] : touched.at(-1)).dataset.w) : -1;
  };
  document.addEventListener('selectionchange', () => {
    const now = getSelection(), place = box(); if (!place || !words.length || !now.rangeCount || now.isCollapsed || !place.contains(now.anchorNode) || !place.contains(now.focusNode)) return;
    const range = now.getRangeAt(0); if (!range.toString().trim()) return;
    const i = edge(range, 'start'), j = edge(range, 'end'); if (i >= 0 && j >= i) choose([i, j]);
  });
  // The keyboard's word is marked, not focused: a word that can be focused cannot be dragged over.
  const point = (i) => {
    node(cursor)?.classList.remove('cursor'); cursor = i; if (i < 0) { box().removeAttribute('aria-activedescendant'); return; }
    node(i).classList.add('cursor'); box().setAttribute('aria-activedescendant', node(i).id); into(node(i));
  };
  const move = (i, extend) => {
    i = Math.max(0, Math.min(words.length - 1, i)); point(i);
    if (extend) { choose([Math.min(anchor, i), Math.max(anchor, i)]); return; }
    anchor = i; choose(null); panel().querySelector('[data-chosen]').textContent = `${clock(words[i].a)} ${words[i].text}`;
  };
  const into = (mark) => {
    const place = box(), top = mark.getBoundingClientRect().top - place.getBoundingClientRect().top, tall = place.clientHeight;
    if (top < 8 || top > tall - 48) place.scrollTop += top - tall / 3;
  };
  const strike = (pair) => {
    if (!pair) return;
    const off = gone(pair), out = new Set(words.flatMap((w, i) => inside((w.a + w.b) / 2) ? [i] : []));
    for (let i = pair[0]; i <= pair[1]; i++) if (off) out.delete(i); else out.add(i);
    const spans = [];
    words.forEach((w, i) => { if (!out.has(i)) return; const last = spans.at(-1); if (last && out.has(i - 1)) last[1] = Math.max(last[1], w.b); else spans.push([w.a, Math.max(w.b, w.a + 0.02)]); });
    const state = desk.state(); if (spans.length) state.struck = spans; else delete state.struck;
    desk.push(state, off ? 'unstrike' : 'strike'); choose(pair);
  };
  const clip = (pair) => {
    if (!pair) return;
    const [i, j] = pair, before = words[i - 1]?.b ?? 0, after = words[j + 1]?.a ?? Infinity, { a } = words[i], { b } = words[j];
    desk.clip(Math.max(a - AIR[0], Math.min(a, (before + a) / 2)), Math.min(b + AIR[1], Math.max(b, (b + after) / 2)));
    getSelection().removeAllRanges(); choose(null);
  };
  const show = (state) => {
    struck = state.struck || [];
    words.forEach(w => w.node?.classList.toggle('struck', Boolean(inside((w.a + w.b) / 2))));
    element.querySelectorAll('.tl-track .tl-struck').forEach(mark => mark.remove());
    const track = element.querySelector('.tl.whole:not([hidden]) .tl-track'), whole = Number(element.querySelector('.tl.whole:not([hidden])')?.dataset.whole || 1);
    struck.forEach(([a, b]) => { const mark = document.createElement('i'); mark.className = 'tl-struck'; mark.style.left = `${100 * a / whole}%`; mark.style.width = `${100 * (b - a) / whole}%`; track?.append(mark); });
  };
  // What plays, and what is struck out is passed over.
  const follow = () => {
    if (!words.length || !box()) return;
    const t = desk.now(); let low = 0, high = sentences.length;
    while (low < high) { const mid = (low + high) >> 1; if (sentences[mid].start <= t) low = mid + 1; else high = mid; }
    const at = low - 1 >= 0 && t < sentences[low - 1].end + 0.4 ? low - 1 : -1;
    if (at !== playing) {
      sentences[playing]?.node.classList.remove('playing'); sentences[playing]?.node.removeAttribute('aria-current'); playing = at;
      const line = sentences[at]?.node; if (line) { line.classList.add('playing'); line.setAttribute('aria-current', 'true'); if (!box().contains(document.activeElement) && !box().matches(':active')) into(line); }
    }
    box().querySelectorAll('.w.now').forEach(w => w.classList.remove('now'));
    const sentence = sentences[at]; if (!sentence) return;
    for (let i = sentence.last; i >= sentence.first; i--) if (words[i].a <= t) { words[i].node.classList.add('now'); break; }
  };
  element.addEventListener('timeupdate', () => {
    const video = player(), span = video && !video.paused && desk.plays() ? inside(desk.now()) : null;
    if (span && !same(span, spare)) { video.currentTime += span[1] - desk.now() + 0.01; return; }
    if (spare && !inside(desk.now())) spare = null;
    follow();
  }, true);
  element.addEventListener('seeked', follow, true);
  // Finding.
  const find = (text) => {
    hits.forEach(([i, j]) => { for (let k = i; k <= j; k++) node(k)?.classList.remove('hit', 'here'); });
    hits = []; hit = -1;
    const wanted = fold(text.trim());
    const of = (at) => { let low = 0, high = starts.length; while (low < high) { const mid = (low + high) >> 1; if (starts[mid] <= at) low = mid + 1; else high = mid; } return low - 1; };
    if (wanted) for (let at = flat.indexOf(wanted); at >= 0 && hits.length < MOST_HITS; at = flat.indexOf(wanted, at + wanted.length)) hits.push([of(at), of(at + wanted.length - 1)]);
    hits.forEach(([i, j]) => { for (let k = i; k <= j; k++) node(k)?.classList.add('hit'); });
    if (hits.length) step(1); else told();
  };
  const told = () => {
    const out = panel()?.querySelector('[data-found]'), text = panel()?.querySelector('[data-find]')?.value.trim(); if (out) out.textContent = text ? `${hit + 1}/${hits.length}` : '';
  };
  const step = (by) => {
    if (!hits.length) return;
    const mark = (on) => { const pair = hits[hit]; if (pair) for (let k = pair[0]; k <= pair[1]; k++) node(k)?.classList.toggle('here', on); };
    mark(false); hit = (hit + by + hits.length) % hits.length; mark(true);
    into(node(hits[hit][0])); desk.seek(words[hits[hit][0]].a, false); told();
  };
  element.addEventListener('input', (e) => { if (e.target.matches('[data-find]')) find(e.target.value); });
  element.addEventListener('keydown', (e) => {
    if (e.target.matches('[data-find]')) { if (e.key === 'Enter') { e.preventDefault(); step(e.shiftKey ? -1 : 1); } return; }
    if (!e.target.matches('.said-words') || !words.length || e.ctrlKey || e.metaKey || e.altKey) return;
    const i = Math.max(0, cursor), s = sentences.findIndex(x => i >= x.first && i <= x.last), onward = getComputedStyle(node(i)).direction === 'rtl' ? -1 : 1;
    const first = cursor < 0 && e.key.startsWith('Arrow') ? Math.max(0, sentences[playing]?.first ?? 0) : undefined;
    const to = first ?? { ArrowRight: i + onward, ArrowLeft: i - onward, ArrowUp: sentences[s - 1]?.first ?? 0, ArrowDown: sentences[s + 1]?.first ?? words.length - 1, Home: sentences[s].first, End: sentences[s].last }[e.key];
    if (to !== undefined) { if (e.shiftKey && !chosen) anchor = i; move(to, e.shiftKey); }
    else if (e.key === 'Delete' || e.key === 'Backspace') strike(chosen || [i, i]);
    else if (e.key === 'Enter') { if (chosen && chosen[1] > chosen[0]) clip(chosen); else desk.seek(words[i].a, true); }
    else if (e.key === 'Escape') choose(null);
    else return;
    e.preventDefault();
  });
  element.addEventListener('pointerdown', (e) => { if (e.target.closest('[data-said]')) e.preventDefault(); });
  element.addEventListener('click', async (e) => {
    const act = e.target.closest('[data-said]'), mark = e.target.closest('.w'), time = e.target.closest('.said-words .t');
    if (act) {
      const name = act.dataset.said;
      if (name === 'clip') clip(chosen); else if (name === 'strike') strike(chosen); else if (name === 'find-on') step(1); else if (name === 'find-back') step(-1);
      else if (name === 'copy' && !act.dataset.was) {
        const text = sentences.map(s => words.slice(s.first, s.last + 1).filter(w => !inside((w.a + w.b) / 2)).map(w => w.text).join(' ')).filter(Boolean).join('\n');
        if (!await onClipboard(text)) return;
        act.dataset.was = act.textContent; act.textContent = act.dataset.other; act.focus(); setTimeout(() => { act.textContent = act.dataset.was; delete act.dataset.was; }, 1800);
      }
    } else if (time) desk.seek(Number(time.dataset.at), true);
    else if (mark && getSelection().isCollapsed) {
      const i = Number(mark.dataset.w); spare = inside((words[i].a + words[i].b) / 2) || null;
      if (e.shiftKey) { move(i, true); return; } anchor = i; point(i); choose(null); desk.seek(words[i].a, true);
    }
  });
  new MutationObserver(load).observe(element, { childList: true, subtree: true, attributes: true, attributeFilter: ['data-render', 'data-of'] });
  load();
  return { show };
};
