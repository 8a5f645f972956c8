import numpy as np, pandas as pd, datetime as dt, json, zipfile
from xml.sax.saxutils import escape
from openpyxl import Workbook
from openpyxl.styles import Font
D='evaluations/exams/second/files/'; S='.ringfence/runtimes/python/root/usr/lib/python3.11/site-packages/'
R=np.random.default_rng(777); T=pd.Timestamp; fr={}
def days(a,b,n):
    a,b=T(a),T(b); return pd.Series(a+pd.to_timedelta(R.integers(0,(b-a).days+1,n),unit='D'))
def comma(x,d=2):
    if pd.isna(x): return ''
    return f"{x:,.{d}f}".replace(',','X').replace('.',',').replace('X','.')
def sheet(ws,df,top,total=None,fmt='dd.mm.yyyy'):
    for j,c in enumerate(df.columns): ws.cell(top,j+1,c).font=Font(bold=True)
    for i,row in enumerate(df.itertuples(index=False)):
        for j,v in enumerate(row):
            if isinstance(v,pd.Timestamp): v=v.to_pydatetime()
            if v is pd.NaT or (isinstance(v,float) and np.isnan(v)): v=None
            c=ws.cell(top+1+i,j+1,v.item() if hasattr(v,'item') else v)
            if isinstance(v,dt.datetime): c.number_format=fmt
    if total:
        r=top+1+len(df); ws.cell(r,1,total[0]).font=Font(bold=True)
        for c in total[1]: ws.cell(r,list(df.columns).index(c)+1,round(float(df[c].sum()),2))
# 1 library loans
n=180; titles=['The Blue Door','Salt Roads','Winter Garden','A Short History of Maps','Cooking for Two','The Last Ferry','Moss','Learning Rust','Birds of Europe','Night Train','Paper Boats','The Lighthouse Keeper']
gen=dict(zip(titles,['Fiction','History','Fiction','History','Non-fiction','Fiction','Poetry','Non-fiction','Non-fiction','Crime','Children','Crime']))
b=R.choice(titles,n,p=np.array([5,3,2,1,4,6,1,2,2,5,3,4])/38); lo=days('2026-02-01','2026-11-15',n).sort_values(ignore_index=True)
due=lo+pd.to_timedelta(28,unit='D'); ret=lo+pd.to_timedelta(R.integers(2,45,n),unit='D'); ret=ret.where((ret<=T('2026-11-20'))&(R.random(n)>.06))
fine=((ret-due).dt.days.clip(lower=0)*.2).round(2).where(ret.notna())
lib=pd.DataFrame({'loan_id':range(5001,5001+n),'borrower':R.choice(['Alma Reed','Ben Cole','Cara Moss','Dan Hill','Ella Frost','Finn Lake','Gina Park','Hugo Stone','Iris Vale','Jon West'],n),'title':b,'genre':[gen[x] for x in b],'branch':R.choice(['Central','Riverside','Hilltop'],n,p=[.5,.3,.2]),'loaned_on':lo,'due_on':due,'returned_on':ret,'fine':fine})
fr['lib']=lib; lib.to_csv(D+'library_loans.csv',index=False,date_format='%Y-%m-%d')
# 2 Fuhrpark German
n=150; ken=['W-123 AB','W-456 CD','G-77 XY','L-901 KK','S-18 TT','W-600 ZZ']; fah=dict(zip(ken,['VW Caddy','Skoda Octavia','Ford Transit','VW Passat','Renault Kangoo','VW Caddy']))
k=R.choice(ken,n); lit=np.round(R.uniform(18,65,n),2); pr=np.round(R.uniform(1.45,1.79,n),3)
fu=pd.DataFrame({'Datum':days('2026-01-02','2026-10-30',n).sort_values(ignore_index=True),'Kennzeichen':k,'Fahrzeug':[fah[x] for x in k],'Fahrer':R.choice(['Huber','Maier','Gruber','Bauer','Wolf'],n),'Liter':lit,'Preis je Liter':pr,'Betrag (€)':np.round(lit*pr,2),'Gefahrene km':R.integers(200,900,n),'Tankstelle':R.choice(['OMV','Shell','BP','Eni'],n)})
fu.loc[[7,33,90],'Tankstelle']=None; fu.loc[[15,60],'Gefahrene km']=np.nan; fr['fuhr']=fu
o=fu.copy(); o['Datum']=o['Datum'].dt.strftime('%d.%m.%Y')
for c,d in (('Liter',2),('Preis je Liter',3),('Betrag (€)',2)): o[c]=fu[c].map(lambda x:comma(x,d))
o['Gefahrene km']=fu['Gefahrene km'].map(lambda x:'' if pd.isna(x) else str(int(x))); o.to_csv(D+'fuhrpark_tankbuch.csv',sep=';',index=False,encoding='cp1252')
# 3 returns xlsx
n=110; pri=np.round(R.choice([19.9,29.9,49.0,79.5,129.0,24.5],n),2); q_=R.integers(1,4,n)
od=days('2026-03-01','2026-10-31',n).sort_values(ignore_index=True)
rt=pd.DataFrame({'Return No':[f'R-{1000+i}' for i in range(n)],'Order date':od,'Return date':od+pd.to_timedelta(R.integers(2,30,n),unit='D'),'Product':R.choice(['Running shoe','Rain jacket','Backpack','Wool socks','Headlamp','Tent'],n),'Reason':R.choice(['Too small','Too big','Damaged','Wrong item','Changed mind'],n,p=[.3,.2,.15,.1,.25]),'Units':q_,'Refund (EUR)':np.round(pri*q_,2),'Country':R.choice(['AT','DE','CH','IT'],n,p=[.4,.35,.15,.1]),'Restocked':R.choice(['yes','no'],n,p=[.7,.3])})
rt.loc[[5,40,77],'Reason']=None; fr['ret']=rt
wb=Workbook(); ws=wb.active; ws.title='Returns'; ws['A1']='Alpina Outdoor – web shop returns'; ws['A2']='March to October 2026'; sheet(ws,rt,4,('Total',['Units','Refund (EUR)'])); wb.save(D+'webshop_returns.xlsx')
# 4 lab results ods
n=120; tests={'Glucose':(95,20,'mg/dL',70,110),'Cholesterol':(200,40,'mg/dL',120,200),'Hemoglobin':(14,1.6,'g/dL',12,17),'Creatinine':(.95,.25,'mg/dL',.6,1.2),'Ferritin':(110,80,'ng/mL',20,250)}
t=R.choice(list(tests),n); val=np.round([max(.3,R.normal(*tests[x][:2])) for x in t],2)
lab=pd.DataFrame({'Sample ID':[f'S{2600+i}' for i in range(n)],'Patient':R.choice([f'P{100+i}' for i in range(25)],n),'Collected':days('2026-08-01','2026-10-31',n).sort_values(ignore_index=True),'Test':t,'Result':val,'Unit':[tests[x][2] for x in t],'Low':[tests[x][3] for x in t],'High':[tests[x][4] for x in t],'Ward':R.choice(['Surgery','Cardiology','Outpatient'],n)})
lab['Flag']=np.where(lab.Result>lab.High,'H',np.where(lab.Result<lab.Low,'L','N')); fr['lab']=lab
def cell(v):
    if v is None or (isinstance(v,float) and np.isnan(v)): return '<table:table-cell/>'
    if isinstance(v,pd.Timestamp): return f'<table:table-cell office:value-type="date" office:date-value="{v:%Y-%m-%d}"><text:p>{v:%d/%m/%Y}</text:p></table:table-cell>'
    if isinstance(v,(int,float,np.number)): return f'<table:table-cell office:value-type="float" office:value="{v}"><text:p>{v}</text:p></table:table-cell>'
    return f'<table:table-cell office:value-type="string"><text:p>{escape(str(v))}</text:p></table:table-cell>'
rows=''.join('<table:table-row>'+''.join(cell(v) for v in r)+'</table:table-row>' for r in [list(lab.columns)]+[list(x) for x in lab.itertuples(index=False)])
ns='xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
with zipfile.ZipFile(D+'lab_results.ods','w') as z:
    z.writestr('mimetype','application/vnd.oasis.opendocument.spreadsheet',zipfile.ZIP_STORED)
    z.writestr('META-INF/manifest.xml','<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/><manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>')
    z.writestr('content.xml',f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {ns} office:version="1.2"><office:body><office:spreadsheet><table:table table:name="Labs">{rows}</table:table></office:spreadsheet></office:body></office:document-content>',zipfile.ZIP_DEFLATED)
# 5 call log parquet
n=400; st=pd.Series(T('2026-09-01 08:00')+pd.to_timedelta(R.integers(0,60,n),unit='D')+pd.to_timedelta(R.integers(0,600,n),unit='m')).sort_values(ignore_index=True)
call=pd.DataFrame({'call_start':st,'agent':R.choice(['Anja','Boris','Chloe','Deniz','Emre'],n),'queue':R.choice(['Billing','Technical','Sales'],n,p=[.4,.4,.2]),'wait_seconds':R.integers(0,420,n),'talk_minutes':np.round(R.gamma(2,3,n),1),'resolved':R.random(n)<.72,'rating':R.choice([1,2,3,4,5,np.nan],n,p=[.05,.05,.15,.3,.25,.2])})
fr['call']=call; call.to_parquet(D+'call_log.parquet',index=False)
# 6 project tasks: dates as text
n=60; s=days('2026-06-01','2026-11-20',n); d=s+pd.to_timedelta(R.integers(5,60,n),unit='D'); stt=R.choice(['Done','In progress','Open','Blocked'],n,p=[.5,.2,.2,.1])
pt=pd.DataFrame({'Task':[f'{a} {b_}' for a,b_ in zip(R.choice(['Design','Build','Test','Review','Write up','Plan'],n),[f'step {i+1}' for i in range(n)])],'Project':R.choice(['Website relaunch','Warehouse move','ERP upgrade'],n),'Owner':R.choice(['Nadia','Oscar','Priya','Quentin'],n),'Start':s,'Due date':d,'Status':stt,'Estimated hours':R.integers(2,40,n),'Actual hours':R.integers(1,50,n).astype(float),'Priority':R.choice(['High','Medium','Low'],n)})
pt.loc[pt.Status=='Open','Actual hours']=np.nan; pt.loc[[3,9],'Owner']=None; fr['tsk']=pt
o=pt.copy(); 
for c in('Start','Due date'): o[c]=pt[c].map(lambda x:f'{x.day} {x:%B %Y}')
o['Actual hours']=pt['Actual hours'].map(lambda x:'' if pd.isna(x) else str(int(x))); o.to_csv(D+'project_tasks.csv',index=False)
# 7 budget vs actual
deps=['Marketing','IT','HR','Facilities','R&D']; cat=['Salaries','Travel','Software','Consulting']
bu=pd.DataFrame([(a,c,q) for a in deps for c in cat for q in('Q1','Q2','Q3')],columns=['Department','Cost type','Quarter']); m=len(bu)
bu['Budget']=R.integers(5,80,m)*1000; bu['Actual']=(bu.Budget*R.uniform(.7,1.3,m)).round(0).astype(int); fr['bud']=bu
wb=Workbook(); ws=wb.active; ws.title='FY26'; ws['A1']='Budget vs. actual FY2026'; ws['A2']='in EUR, as of 30 September'; sheet(ws,bu,5,('Grand total',['Budget','Actual'])); wb.save(D+'budget_actual_fy26.xlsx')
# 8 rents wide, title and totals
props=['Elm Street 4','Elm Street 6','Harbour Row 1','Harbour Row 2','Mill Lane 12','Park View 3','Park View 5','Station Road 9']; mons=['Jan','Feb','Mar','Apr','May','Jun']
w=pd.DataFrame({'Property':props,'Tenant':['Adams','Brandt','Costa','Diaz','Egger','Fuchs','Grant','Holm'],'City':['Leeds','Leeds','Hull','Hull','York','York','York','Leeds']})
base=R.integers(60,160,8)*10
for i,mm in enumerate(mons): w[mm]=np.where(R.random(8)<.1,0,base+(20 if i>2 else 0))
w['Deposit']=base*2; fr['rent']=w
wb=Workbook(); ws=wb.active; ws.title='Rents'; ws['A1']='Rent received 2026 (GBP)'; sheet(ws,w,3,('Total',mons+['Deposit'])); wb.save(D+'rent_roll_2026.xlsx')
# 9 crops json
rec=[]
for f in ['North field','Creek field','Hill field','Old orchard','East field']:
    ha=float(R.integers(4,30))
    for y in range(2020,2026):
        c=R.choice(['Wheat','Maize','Barley','Rapeseed']); rec.append({'field':f,'year':y,'crop':str(c),'hectares':ha,'yield_tonnes':round(ha*R.uniform(3,9),1),'irrigated':bool(R.random()<.4),'fertilizer_kg':int(R.integers(500,5000))})
rec[11]['fertilizer_kg']=None; json.dump(rec,open(D+'crop_yields.json','w'),indent=1); fr['crop']=pd.DataFrame(rec)
# 10 ventes French
n=200; pro=dict(zip(['Baguette','Croissant','Pain complet','Tarte aux pommes','Éclair'],[1.1,1.3,3.2,14.5,2.8])); p=R.choice(list(pro),n); q_=R.integers(1,30,n)
ve=pd.DataFrame({'Date':days('2026-01-05','2026-09-30',n).sort_values(ignore_index=True),'Magasin':R.choice(['Lyon','Paris','Nantes'],n,p=[.3,.5,.2]),'Produit':p,'Catégorie':['Pâtisserie' if x in('Tarte aux pommes','Éclair') else 'Boulangerie' for x in p],'Quantité':q_,'Prix unitaire':[pro[x] for x in p],'Montant':np.round([pro[x]*y for x,y in zip(p,q_)],2),'Vendeur':R.choice(['Amélie','Bruno','Chantal','Denis'],n),'Paiement':R.choice(['Carte','Espèces','Chèque'],n,p=[.6,.35,.05])})
ve.loc[[12,88],'Vendeur']=None; fr['ven']=ve; o=ve.copy(); o['Date']=ve.Date.dt.strftime('%d/%m/%Y')
for c in('Prix unitaire','Montant'): o[c]=ve[c].map(lambda x:f'{x:.2f}'.replace('.',','))
o.to_csv(D+'ventes_boulangerie.csv',sep=';',index=False,encoding='utf-8')
# 11 downtime
n=90; st=pd.Series(T('2026-04-01 06:00')+pd.to_timedelta(R.integers(0,180*24*60,n),unit='m')).sort_values(ignore_index=True); mi=R.integers(5,400,n)
dwn=pd.DataFrame({'Machine':R.choice(['Press 1','Press 2','Lathe A','Lathe B','Robot 7'],n),'Stopped':st,'Restarted':st+pd.to_timedelta(mi,unit='m'),'Cause':R.choice(['Tool change','Breakdown','No material','Maintenance','Power cut'],n,p=[.3,.25,.2,.2,.05]),'Shift':R.choice(['Early','Late','Night'],n),'Cost':np.round(mi*R.uniform(2,6,n),2)})
dwn=pd.concat([dwn,dwn.iloc[[10,42]]],ignore_index=True).sort_values('Stopped',kind='stable',ignore_index=True); fr['dwn']=dwn; o=dwn.copy()
for c in('Stopped','Restarted'): o[c]=dwn[c].dt.strftime('%Y-%m-%d %H:%M')
o.to_csv(D+'machine_downtime.csv',index=False)
# 12 tickets
n=160; ev=['Jazz Night','Opera Gala','Kids Theatre','Rock am See','Poetry Slam']; e=R.choice(ev,n,p=[.25,.15,.2,.3,.1]); cl=R.choice(['Standard','VIP','Student'],n,p=[.6,.15,.25]); pr=np.array([{'Standard':35.,'VIP':90.,'Student':18.5}[x] for x in cl]); qt=R.integers(1,7,n); dis=R.choice([0,0,0,.1,.2],n)
tk=pd.DataFrame({'Booking':[f'B{i:04d}' for i in range(1,n+1)],'Sold on':days('2025-09-01','2026-08-31',n).sort_values(ignore_index=True),'Event':e,'Class':cl,'Tickets':qt,'Price':pr,'Discount':dis,'Amount paid':np.round(pr*qt*(1-dis),2),'Sales channel':R.choice(['Online','Box office','Partner'],n,p=[.6,.3,.1]),'Customer email':[f'c{R.integers(1,60)}@mail.test' for _ in range(n)]})
tk.loc[[20,55,56,101],'Customer email']=None; fr['tic']=tk; o=tk.copy(); o['Sold on']=tk['Sold on'].dt.strftime('%m/%d/%Y'); o['Price']=tk.Price.map(lambda x:f'${x:,.2f}'); o['Amount paid']=tk['Amount paid'].map(lambda x:f'${x:,.2f}'); o['Discount']=tk.Discount.map(lambda x:f'{x:.0%}'); o.to_csv(D+'ticket_sales.csv',index=False)
# 13.. public
import shutil
g=pd.read_csv(S+'statsmodels/datasets/macrodata/macrodata.csv'); g.columns=[c.strip() for c in g.columns]; fr['mac']=g; shutil.copyfile(S+'statsmodels/datasets/macrodata/macrodata.csv',D+'macrodata.csv')
f=pd.read_csv(S+'statsmodels/datasets/fertility/fertility.csv'); fr['fer']=f; shutil.copyfile(S+'statsmodels/datasets/fertility/fertility.csv',D+'fertility.csv')
i=pd.read_csv(S+'sklearn/datasets/data/iris.csv',skiprows=1,header=None,names=['sepal length (cm)','sepal width (cm)','petal length (cm)','petal width (cm)','species']); i.species=i.species.map({0:'setosa',1:'versicolor',2:'virginica'}); fr['iris']=i; i.to_csv(D+'iris.csv',index=False)
pd.to_pickle(fr,'evaluations/exams/second/frames.pkl')
