"""The unseen exam: python3 run.py --program BIN [--only RE] [--json FILE] [--all]
Questions and expectations are in questions.json, the files in files/. Needs Python 3.11 only."""
import argparse, collections, json, os, pathlib, re, subprocess, sys, tempfile
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from asker import Server, put, shorten

def main():
    o = argparse.ArgumentParser(); o.add_argument('--program', required=True); o.add_argument('--only'); o.add_argument('--json'); o.add_argument('--all', action='store_true')
    o.add_argument('--questions', default=str(HERE / 'questions.json')); o = o.parse_args()
    qs = json.loads(pathlib.Path(o.questions).read_text())
    if o.only: qs = [x for x in qs if re.search(o.only, x['id'] + ' ' + ' '.join(x['files'] + x['turns']))]
    env = {k: v for k, v in os.environ.items() if not k.startswith('RINGFENCE_MODEL')}
    rows = []
    with tempfile.TemporaryDirectory(prefix='rf-f3-') as tmp:
        env['RINGFENCE_DATA_DIR'] = tmp + '/data'
        server = Server(os.path.abspath(o.program), env, tmp + '/serve.log')
        try:
            server.ask({'question': 'what is 1% of 100?'})
            for x in qs:
                got = put(server, x, x['want'], HERE / 'files')
                # a busy machine is no fault of the answer: once more
                if any(r['verdict'] == 'error' and 'timed_out' in str(r['reason']) for r in got):
                    got = put(server, x, x['want'], HERE / 'files')
                rows += got
        finally:
            server.stop()
    if o.json: pathlib.Path(o.json).write_text(json.dumps(rows, ensure_ascii=False, indent=1, default=str))
    show(rows, o.all)

def came(answer):
    r = answer.get('results')
    if not r: return answer.get('clarification') or answer.get('answer') or answer.get('failure') or '-'
    return [{k: (v[:5] if k == 'rows' else v) for k, v in x.items() if k in ('type', 'value', 'label', 'kind', 'rows', 'totalRows', 'x', 'series')}
            | ({'cols': [c['name'] for c in x['columns']]} if 'columns' in x else {}) for x in r]

def show(rows, everything):
    for verdict in ('right', 'asked', 'refused', 'error', 'wrong'):
        for r in rows:
            if r['verdict'] == verdict and (everything or verdict != 'right'):
                print(f"\n[{verdict.upper()}] {r['id']} {r['seconds']}s ({', '.join(r['files']) or 'no file'}) {r['question']!r}\n   read: {shorten(r['interpretation'] or '-', 220)}\n   why: {shorten(r['reason'] or '-', 140)}\n"
                      f"   want: {shorten(r['expected'], 240)}\n   came: {shorten(came(r['answer']), 300)}")
    by = collections.defaultdict(collections.Counter)
    for r in rows:
        by[r['id'].split('-')[0]][r['verdict']] += 1; by['ALL'][r['verdict']] += 1
    names = ['right', 'asked', 'refused', 'wrong', 'error']
    print(f"\n{'':10}" + ''.join(f'{n:>9}' for n in names) + f"{'of':>7}")
    for k in [*sorted(k for k in by if k != 'ALL'), 'ALL']:
        print(f"{k:10}" + ''.join(f"{by[k][n] or '.':>9}" for n in names) + f"{sum(by[k].values()):>7}")
    total = len(rows)
    print('\n' + ', '.join(f"{n} {by['ALL'][n]} ({by['ALL'][n] / total:.1%})" for n in names))
    lent = [r for r in rows if r['verdict'] == 'right' and r['answer'].get('decision') != 'answered' and r['answerable']]
    print(f'of the right ones {len(lent)} asked or declined where an answer would have been possible and either is accepted')
    slow = [r for r in rows if r['seconds'] > 1]
    print(f"of {total}; median {sorted(r['seconds'] for r in rows)[total // 2]} s, over 1 s: {len(slow)}", [(r['question'][:30], r['seconds']) for r in slow][:8])

if __name__ == '__main__':
    main()
