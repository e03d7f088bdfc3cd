// Voices and cases stand beside each other and shall end together: as many cases as the voices are high; and where there
// are hardly any voices, both take the whole width, one below the other.

const LEAST = 3;
const MOST = 12;
/** Cases where nothing stands beside them: on a narrow page, and in the rows of a wide one. */
const ALONE = { narrow: 7, wide: 6 };
/** What one side may be higher than the other (px). */
const SLACK = 28;
const GAP = 140;

/** Keeps the two cards of `board` balanced from now on, whatever arrives in them. */
export function balance(board, voices, cases) {
  const said = voices.querySelector('.picture');
  const queue = cases.querySelector('.picture');

  const fit = () => {
    const items = [...queue.querySelectorAll('.queue > li')];
    const show = (most) => items.forEach((item, i) => { item.hidden = i >= most; });
    board.classList.remove('stacked');
    if (!items.length) return;
    if (getComputedStyle(board).gridTemplateColumns.split(' ').length === 1) { show(ALONE.narrow); return; }
    show(MOST);
    const end = said.getBoundingClientRect().bottom;
    const link = queue.querySelector('.rest')?.getBoundingClientRect();
    const room = end - (link ? link.bottom - items.at(Math.min(items.length, MOST) - 1).getBoundingClientRect().bottom : 0) + SLACK;
    const fitting = items.filter((item) => item.getBoundingClientRect().bottom <= room).length;
    const least = Math.min(LEAST, items.length);
    if (fitting < least && items[least - 1].getBoundingClientRect().bottom - room > GAP) {
      board.classList.add('stacked');
      show(ALONE.wide);
    } else show(Math.max(fitting, least));
  };

  const sizes = new ResizeObserver(fit);
  for (const node of [board, said, queue]) sizes.observe(node);
}
