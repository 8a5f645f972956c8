"""Questions with expectations; builds questions.json."""
import sys, os, json, hashlib, pathlib, re
HERE=pathlib.Path('evaluations/exams/second')
src=pathlib.Path('evaluations/exams/first/harness.py').read_text().split('FR=pd.read_pickle')[0]
exec(src); HERE=pathlib.Path('evaluations/exams/second')
FR=pd.read_pickle(HERE/'frames.pkl'); ASK=[]
def files(*names): global CUR; CUR=list(names)
def topic(name): global TOP; TOP=name
def q(ask,want,kind='x'):
    turns=ask if isinstance(ask,list) else [ask]; wants=want if isinstance(want,list) else [want]
    assert len(turns)==len(wants),ask
    i=hashlib.sha1((TOP+'|'+'|'.join(turns)).encode()).hexdigest()[:6]
    ASK.append({'id':f'{TOP}-{i}','kind':kind,'files':CUR,'turns':turns,'want':wants})
NO={'any':[REFUSED,CLARIFY]}
def n(x,p=False,w=0.0): return number(float(x),percent=p,within=w)
def t(x,**k): return table(x,**k)
def L(x): x=list(x); return either(n(len(x)),table(x) if x else NOTHING)
def asks(*x): return either(*x,CLARIFY,REFUSED)
def nz(s): return either(table(s),table(s[s!=0]))
def share(s): return table(s/s.sum(),percent=True)
for p in sorted((HERE/'topics').glob('*.py')):
    topic(p.stem.split('_')[1]); exec(compile(p.read_text(),str(p),'exec'),globals())
json.dump(ASK,open(HERE/'questions.json','w'),ensure_ascii=False,default=float,indent=0)
print(len(ASK),'questions',sum(len(x['turns']) for x in ASK),'turns')
