"""Questions with expectations; asks a server; prints verdicts."""
import sys, os, json, hashlib, pathlib, base64, subprocess, tempfile, time, re, collections, argparse
HERE=pathlib.Path('evaluations/exams/first'); sys.path.insert(0,str(HERE)); sys.path.insert(0,'evaluations')
import pandas as pd, numpy as np
from run import Server, put, shorten
src=pathlib.Path('evaluations/expected.py').read_text().replace('import workbooks\n','').split('def main')[0]
exec(src)
_table=table
def table(data,*a,**k):
    if len(data)==0: return NOTHING
    if isinstance(data,pd.Series) and not pd.api.types.is_numeric_dtype(data):
        data=data.rename('value').reset_index(); k['keys']=data.shape[1]
    return _table(data,*a,**k)
def most(series,percent=False):
    series=series.dropna(); m=series.max(); return either(*[text(i,m,series.index,percent) for i in series[series==m].index])
def least(series,percent=False):
    series=series.dropna(); m=series.min(); return either(*[text(i,m,series.index,percent) for i in series[series==m].index])
def top(s,n_):
    return either(*[table(s.nlargest(n_,keep=k),ordered=True) for k in ('first','last')])
def bottom(s,n_):
    return either(*[table(s.nsmallest(n_,keep=k),ordered=True) for k in ('first','last')])
FR=pd.read_pickle(HERE/'frames.pkl')
ASK=[]
def files(*names): global CUR; CUR=list(names)
def topic(name): global TOP; TOP=name
def q(ask, want, kind='x'):
    turns=ask if isinstance(ask,list) else [ask]; wants=want if isinstance(want,list) else [want]
    assert len(turns)==len(wants),ask
    i=hashlib.sha1((TOP+'|'+'|'.join(turns)).encode()).hexdigest()[:8]
    ASK.append({'id':f'{TOP}-{i}','kind':kind,'files':CUR,'turns':turns,'want':wants,'held':(int(i[:4],16)%3==0 or TOP.startswith('x_')) and not TOP.startswith('u_')})
NO={'any':[REFUSED,CLARIFY]}
def n(x,p=False,w=0.0): return number(float(x),percent=p,within=w)
def orask(x): return either(x,CLARIFY)
def series(s): return table(s)
def load(only=None):
    for p in sorted((HERE/'topics').glob('*.py')):
        if only and not re.search(only,p.stem): continue
        topic(p.stem); exec(compile(p.read_text(),str(p),'exec'),globals())
    return ASK
def main():
    o=argparse.ArgumentParser(); o.add_argument('--program',default='evaluations/exams/first/ringfence'); o.add_argument('--only'); o.add_argument('--held',choices=['only','no','all'],default='no'); o.add_argument('--json',default='evaluations/exams/first/last.json'); o.add_argument('--all',action='store_true'); o=o.parse_args()
    qs=[x for x in load(o.only) if o.held=='all' or x['held']==(o.held=='only')]
    env={k:v for k,v in os.environ.items() if not k.startswith('RINGFENCE_MODEL')}; env['RINGFENCE_RUNTIMES_DIR']='.ringfence/runtimes'
    tmp=tempfile.mkdtemp(dir='evaluations/exams/first'); env['RINGFENCE_DATA_DIR']=tmp+'/d'
    s=Server(o.program,env,'evaluations/exams/first/serve.log'); rows=[]
    try:
        for x in qs: rows+=put(s,{**x},x['want'],HERE/'files')
    finally: s.stop(); subprocess.run(['rm','-rf',tmp])
    json.dump(rows,open(o.json,'w'),ensure_ascii=False,indent=1,default=str)
    show(rows,o.all)
def show(rows,everything=False):
    c=collections.Counter(r['verdict'] for r in rows)
    for r in rows:
        if r['verdict']!='right' or everything:
            a=r['answer']; came=a.get('results') or a.get('clarification') or a.get('answer')
            def short(res):
                if isinstance(res,list): return [ {k:(v if k!='rows' else v[:6]) for k,v in x.items() if k in('type','value','label','kind','rows','totalRows','x','series','unit')}|({'cols':[c['name'] for c in x['columns']]} if 'columns' in x else {}) for x in res]
                return res
            print(f"\n[{r['verdict'].upper()}] {r['id']} {r['question']!r}\n   read: {shorten(r['interpretation'] or '-')}\n   why: {shorten(r['reason'],120)}\n   want: {shorten(r['expected'],220)}\n   came: {shorten(short(came),380)}")
    print('\n',dict(c),len(rows))
if __name__=='__main__': main()
