import sys; sys.argv=['x']; sys.path.insert(0,'evaluations/exams/first')
import harness,json,shutil
qs=harness.load()
for held,path in((True,'evaluations/exams/first/questions.json'),(False,'evaluations/exams/first/told.json')):
    sel=[{k:x[k] for k in('id','kind','files','turns','want')} for x in qs if x['held']==held]
    json.dump(sel,open(path,'w'),ensure_ascii=False,default=float)
    print(path,len(sel))
for x in qs:
    for f in x['files']: shutil.copy('evaluations/exams/first/files/'+f,'evaluations/exams/first/files/'+f)
