import sys,os,json,subprocess,tempfile,pathlib
sys.path.insert(0,'evaluations/exams/second')
from asker import Server, attached, shorten
import importlib.util as _u; _s=_u.spec_from_file_location("hrun","evaluations/exams/second/run.py"); _m=_u.module_from_spec(_s); _s.loader.exec_module(_m); came=_m.came
env={k:v for k,v in os.environ.items() if not k.startswith('RINGFENCE_MODEL')}; env['RINGFENCE_RUNTIMES_DIR']='.ringfence/runtimes'
tmp=tempfile.mkdtemp(dir='evaluations/exams/second'); env['RINGFENCE_DATA_DIR']=tmp+'/d'
s=Server('evaluations/exams/second/ringfence',env,'evaluations/exams/second/serve2.log')
try:
    files=[]
    for l in sys.stdin:
        l=l.rstrip('\n')
        if not l.strip(): continue
        if l.startswith('@'): files=l[1:].split(',') if len(l)>1 else []; print('\n=====',l); continue
        sess=None
        for t in l.split(' >> '):
            b={'question':t}
            if sess: b['sessionId']=sess
            elif files: b['files']=[attached(pathlib.Path('evaluations/exams/second/files'),f) for f in files]
            a=s.ask(b); sess=a.get('sessionId') or sess
            if 'failure' in a: print('!!',t,a['failure']); continue
            c=came(a); c=shorten(c,230)
            st=(a.get('run') or {}).get('status','')
            print(f"- {t}\n    [{a.get('decision')}{' '+st if st not in ('','completed','succeeded') else ''}] {(a.get('interpretation') or '')[:200]}\n    {c if a.get('decision')!='refused' else c[:110]}")
finally: s.stop(); subprocess.run(['rm','-rf',tmp])
