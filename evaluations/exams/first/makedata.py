import numpy as np, pandas as pd, datetime as dt, json, os, io
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
D='evaluations/exams/first/data/'
R=np.random.default_rng(20261122)
T=pd.Timestamp
fr={}
def days(a,b,n): 
    a,b=T(a),T(b); return a+pd.to_timedelta(R.integers(0,(b-a).days+1,n),unit='D')
def comma(x,d=2): 
    if pd.isna(x): return ''
    s=f"{x:,.{d}f}"; return s.replace(',','X').replace('.',',').replace('X','.')
# 1 invoices
n=64; iss=pd.Series(days('2026-01-05','2026-11-18',n)).sort_values(ignore_index=True)
net=np.round(R.gamma(2,900,n),2); terms=R.choice([14,30],n)
vat=R.choice([20,10],n,p=[.8,.2])
inv=pd.DataFrame({'Invoice No.':[f'2026-{i+1:03d}' for i in range(n)],'Client':R.choice(['Huber Bau','Café Lindner','Northwind Ltd','Ota & Sons','Petra Weiss','Silva Lda'],n,p=[.3,.1,.2,.15,.15,.1]),
 'Project':R.choice(['Website','Support','Training','Logo design'],n),'Issued':iss,'Due':iss+pd.to_timedelta(terms,unit='D'),'Net (EUR)':net,'VAT %':vat})
inv['Gross (EUR)']=(inv['Net (EUR)']*(1+inv['VAT %']/100)).round(2)
paid=inv['Issued']+pd.to_timedelta(R.integers(3,55,n),unit='D'); paid=paid.where((paid<=T('2026-11-20'))&(R.random(n)>.12))
inv['Paid on']=paid
fr['inv']=inv
wb=Workbook(); ws=wb.active; ws.title='Invoices'
ws['A1']='Studio Krall – outgoing invoices 2026'; ws['A1'].font=Font(bold=True); ws['A2']='exported 20.11.2026'
for j,c in enumerate(inv.columns): ws.cell(4,j+1,c).font=Font(bold=True)
for i,row in enumerate(inv.itertuples(index=False)):
    for j,v in enumerate(row):
        if isinstance(v,pd.Timestamp): v=v.to_pydatetime()
        if v is pd.NaT: v=None
        c=ws.cell(5+i,j+1,v.item() if hasattr(v,'item') else v)
        if isinstance(v,dt.datetime): c.number_format='dd.mm.yyyy'
r=5+n; ws.cell(r,1,'Total'); ws.cell(r,6,float(inv['Net (EUR)'].sum().round(2))); ws.cell(r,8,float(inv['Gross (EUR)'].sum().round(2)))
wb.save(D+'invoices_out.xlsx')
# 2 Lohn
n=34; vor=['Anna','Bernd','Clara','David','Eva','Franz','Greta','Hans','Ines','Jakob','Karin','Leo','Maria','Nora','Otto','Paula','Ralf','Sabine','Tom','Ulla','Veit','Wanda','Xaver','Yara','Zoe','Anton','Birgit','Chris','Doris','Emil','Fritz','Gabi','Heidi','Igor']
loh=pd.DataFrame({'Personal-Nr.':[f'{x:05d}' for x in sorted(R.choice(900,n,replace=False)+7)],'Name':vor,'Abteilung':R.choice(['Verkauf','Lager','Verwaltung','Werkstatt'],n,p=[.3,.25,.2,.25]),'Eintritt':days('2009-01-01','2026-06-01',n),
 'Geschlecht':R.choice(['m','w'],n),'Wochenstunden':R.choice([38.5,30,20],n,p=[.6,.2,.2]),'Bruttolohn':np.round(R.normal(3100,700,n),2),'Überstunden':R.integers(0,25,n)})
loh.loc[[4,19],'Überstunden']=np.nan
fr['loh']=loh
o=loh.copy(); o['Eintritt']=o['Eintritt'].dt.strftime('%d.%m.%Y'); o['Bruttolohn']=o['Bruttolohn'].map(comma); o['Wochenstunden']=o['Wochenstunden'].map(lambda x:comma(x,1)); o['Überstunden']=loh['Überstunden'].map(lambda x:'' if pd.isna(x) else str(int(x)))
o.to_csv(D+'loehne.csv',sep=';',index=False,encoding='cp1252')
# 3 stock
n=48; cats=['Screws & bolts','Paint','Hand tools','Power tools','Electrical']
stk=pd.DataFrame({'SKU':[f'{i:06d}' for i in R.choice(90000,n,replace=False)],'Item':[f'{a} {b}' for a,b in zip(R.choice(['Pro','Basic','Eco','Max','Duo'],n),[f'item {i+1}' for i in range(n)])],'Category':R.choice(cats,n),'Qty.':R.integers(0,180,n),'Reorder level':R.choice([10,20,40,60],n),
 'Unit cost (EUR)':np.round(R.gamma(2,9,n)+.5,2)})
stk['Sell price (EUR)']=(stk['Unit cost (EUR)']*R.uniform(1.15,2.2,n)).round(2)
stk['Supplier']=R.choice(['Würth','Bosch','Hilti','Local Co-op'],n); stk['Last delivery']=days('2025-09-01','2026-11-10',n)
stk.loc[[5,17,30],'Supplier']=None; stk.loc[[2,9],'Qty.']=0
fr['stk']=stk
o=stk.copy(); o['Last delivery']=o['Last delivery'].dt.strftime('%Y-%m-%d'); o.to_csv(D+'stock list.csv',index=False)
# 4 months as columns
br=['Linz','Graz','Wien Mitte','Wien Nord','Salzburg','Villach','Bregenz']; M=['Jan','Feb','Mar','Apr','May','Jun','Jul','Aug','Sep','Oct','Nov','Dec']
mon=pd.DataFrame({'Branch':br,'Manager':['Eder','Moser','Bauer','Bauer','Gruber','Eder','Koch'],'Opened':[2012,2015,2008,2019,2017,2021,2014]})
for i,m in enumerate(M): mon[m]=np.round(R.normal(42000,9000,7)*(1+.015*i)*np.array([1,.8,1.6,1.2,.9,.5,.6])).astype(int)
fr['mon']=mon
wb=Workbook(); ws=wb.active; ws.title='Sales 2025'; ws.append(['Sales by branch, 2025 (EUR)']); ws.append([]); ws.append(list(mon.columns)+['Year total'])
for row in mon.itertuples(index=False): ws.append([x.item() if hasattr(x,'item') else x for x in row]+[int(sum(row[3:]))])
ws.append(['Total',None,None]+[int(mon[m].sum()) for m in M]+[int(mon[M].sum().sum())]); wb.save(D+'branch_sales_2025.xlsx')
# 5 hotel
n=150; ci=pd.Series(days('2025-10-01','2026-12-20',n)); nights=R.integers(1,11,n)
hot=pd.DataFrame({'Booking ref':[f'H{1000+i}' for i in range(n)],'Guest':R.choice([f'{a} {b}' for a in ['Mr','Ms'] for b in ['Adams','Brown','Costa','Dubois','Ek','Ferrari','Gomez','Haas','Ito','Jensen','Kaya','Lund']],n),'Room type':R.choice(['Single','Double','Suite','Family'],n,p=[.25,.45,.1,.2]),'Check-in':ci,'Check-out':ci+pd.to_timedelta(nights,unit='D'),'Guests':R.integers(1,5,n),
 'Rate per night':0.0,'Channel':R.choice(['Booking.com','Direct','Expedia','Phone'],n,p=[.4,.3,.2,.1]),'Cancelled':R.choice(['Y','N'],n,p=[.13,.87]),'Country':R.choice(['DE','AT','IT','FR','UK','US'],n)})
base={'Single':80,'Double':115,'Suite':240,'Family':160}; hot['Rate per night']=(hot['Room type'].map(base)*R.uniform(.85,1.25,n)).round(0)
fr['hot']=hot
o=hot.copy()
for c in ['Check-in','Check-out']: o[c]=o[c].dt.strftime('%d/%m/%Y')
o.to_csv(D+'bookings.csv',index=False)
# 6 timesheet
n=210; d=pd.Series(days('2026-07-01','2026-11-20',n)).sort_values(ignore_index=True); st=R.integers(7,12,n)*60+R.choice([0,15,30,45],n); dur=R.choice([60,90,120,150,240,300],n)
tim=pd.DataFrame({'date':d,'employee':R.choice(['Mia','Jonas','Lea','Felix','Ben'],n),'project':R.choice(['Apollo','Borealis','Cobra','internal'],n,p=[.35,.3,.2,.15]),'task':R.choice(['design','coding','meeting','testing'],n),'start':st,'end':st+dur,'hours':dur/60})
tim['billable']=np.where(tim.project=='internal','no',R.choice(['yes','no'],n,p=[.85,.15])); tim['rate']=tim.employee.map({'Mia':95,'Jonas':80,'Lea':110,'Felix':80,'Ben':70})
fr['tim']=tim; o=tim.copy(); o['date']=o['date'].dt.strftime('%Y-%m-%d')
for c in ['start','end']: o[c]=o[c].map(lambda m:f'{m//60:02d}:{m%60:02d}')
o.to_csv(D+'timesheet.csv',index=False)
# 7 Kontoauszug
n=120; d=pd.Series(days('2026-01-02','2026-10-30',n)).sort_values(ignore_index=True)
emp=R.choice(['Stadtwerke','Vermieter GmbH','Finanzamt','Kunde Maier','Kunde Schulz','Rewe','Shell','Amazon EU'],n)
sign=np.where(pd.Series(emp).str.startswith('Kunde'),1,-1); amt=np.round(np.where(sign>0,R.gamma(3,500,n),R.gamma(2,110,n))*sign,2)
kto=pd.DataFrame({'Buchungstag':d,'Empfänger':emp,'Verwendungszweck':[f'Rechnung {R.integers(1000,9999)}' if s>0 else R.choice(['Lastschrift','Überweisung','Kartenzahlung']) for s in sign],'Betrag':amt}); kto['Saldo']=(4200+kto.Betrag.cumsum()).round(2)
fr['kto']=kto; o=kto.copy(); o['Buchungstag']=o['Buchungstag'].dt.strftime('%d.%m.%Y'); o['Betrag']=o['Betrag'].map(comma); o['Saldo']=o['Saldo'].map(comma)
open(D+'kontoauszug.csv','w',encoding='utf-8').write('Kontoauszug;AT12 3456 7890;;;\nZeitraum;01.01.2026 - 31.10.2026;;;\n\n'+o.to_csv(sep=';',index=False))
# 8 expenses
n=90; exp=pd.DataFrame({'Date':pd.Series(days('2026-02-01','2026-11-19',n)).sort_values(ignore_index=True),'Who':R.choice(['Alice','Bob','Chen','Dana'],n),'Category':R.choice(['Travel','Meals','Software','Office supplies','Training'],n,p=[.3,.3,.15,.15,.1]),'Merchant':R.choice(['ÖBB','Lufthansa','Hofer','Amazon','JetBrains','Ibis','Cafe Central'],n),'Amount':np.round(R.gamma(1.4,90,n)+3,2),'Reimbursed?':R.choice(['yes','no'],n,p=[.7,.3])})
exp.loc[[3,20,41,66],'Category']=None; exp.loc[[10,50],'Amount']=np.nan
fr['exp']=exp; wb=Workbook(); ws=wb.active; ws.append(list(exp.columns))
for r in exp.itertuples(index=False): ws.append([r[0].to_pydatetime(),r[1],r[2],r[3],None if pd.isna(r[4]) else f'€ {r[4]:,.2f}',r[5]])
wb.save(D+'expenses.xlsx')
# 9 leads
n=110; cr=pd.Series(days('2026-01-01','2026-11-15',n)); stage=R.choice(['New','Contacted','Proposal','Won','Lost'],n,p=[.2,.25,.2,.2,.15])
led=pd.DataFrame({'Lead ID':[f'L-{i+1:04d}' for i in range(n)],'Company':R.choice([f'{a} {b}' for a in ['Alpha','Beta','Gamma','Delta','Omega','Sigma','Kappa'] for b in ['AG','Inc','Ltd','SA','Group','Tech']],n),'Owner':R.choice(['Sam','Ruth','Viktor'],n),'Source':R.choice(['Web','Referral','Fair','Cold call'],n),'Stage':stage,'Created':cr,'Last contact':cr+pd.to_timedelta(R.integers(0,90,n),unit='D'),'Deal value ($)':R.integers(5,240,n)*250,'Probability':np.select([stage=='Won',stage=='Lost',stage=='New',stage=='Contacted'],[1,0,.1,.3],.6),'E-mail':None})
led['Last contact']=led['Last contact'].where(led['Last contact']<T('2026-11-21'),T('2026-11-20')); led['E-mail']=[None if R.random()<.2 else f'{c.split()[0].lower()}{i%37}@example.com' for i,c in enumerate(led.Company)]
led=pd.concat([led,led.iloc[[7,33,70]]],ignore_index=True)
fr['led']=led; o=led.copy()
for c in ['Created','Last contact']: o[c]=o[c].dt.strftime('%b %d, %Y')
o['Probability']=(o['Probability']*100).round().astype(int).astype(str)+'%'
o['Deal value ($)']=o['Deal value ($)'].map(lambda x:f'{x:,}')
o.to_csv(D+'crm_leads.csv',index=False)
# 10 marks
n=56; mar=pd.DataFrame({'Pupil':[f'{a} {b}.' for a,b in zip((vor*2)[:n],R.choice(list('ABCDEFGHKLMNPRSTW'),n))],'Class':np.repeat(['5A','5B','6A','6B'],14)})
for s,m in [('Maths',66),('English',71),('Science',68),('History',73)]: mar[s]=np.clip(R.normal(m,14,n).round(),18,100)
mar.loc[[4,25],'History']=np.nan; mar.loc[[40],'Maths']=np.nan; mar['Absences']=R.poisson(3,n)
fr['mar']=mar; mar.to_csv(D+'school_marks.csv',index=False)
# 11 deliveries
n=130; sh=pd.Series(days('2026-08-01','2026-11-10',n)); prom=sh+pd.to_timedelta(R.choice([2,3,5],n),unit='D'); dl=sh+pd.to_timedelta(R.integers(1,8,n),unit='D')
dlv=pd.DataFrame({'Order #':[f'{70000+i}' for i in range(n)],'Carrier':R.choice(['DHL','UPS','Post','GLS'],n),'Zone':R.choice([1,2,3],n),'Shipped':sh,'Promised':prom,'Delivered':dl,'Weight (kg)':np.round(R.gamma(2,3,n)+.2,1),'Cost':np.round(R.gamma(3,3,n)+3,2),'Damaged':R.choice([True,False],n,p=[.08,.92])})
dlv.loc[R.choice(n,6,replace=False),'Delivered']=pd.NaT
fr['dlv']=dlv; o=dlv.copy()
for c in ['Shipped','Promised','Delivered']: o[c]=o[c].dt.strftime('%Y/%m/%d')
o.to_csv(D+'deliveries.tsv',sep='\t',index=False)
# 12 subs
n=140; s=pd.Series(days('2024-01-01','2026-11-01',n)); c=s+pd.to_timedelta(R.integers(40,900,n),unit='D'); c=c.where((c<=T('2026-11-20'))&(R.random(n)<.6))
plan=R.choice(['Free','Starter','Pro','Enterprise'],n,p=[.2,.4,.3,.1]); seats=R.integers(1,40,n)
sub=pd.DataFrame({'customer_id':range(501,501+n),'plan':plan,'seats':seats,'mrr_usd':pd.Series(plan).map({'Free':0,'Starter':9,'Pro':19,'Enterprise':35}).values*seats,'started_at':s,'cancelled_at':c,'country':R.choice(['US','DE','BR','IN'],n),'nps':R.choice(list(range(0,11))+[None]*3,n)})
sub['nps']=sub['nps'].astype(float)
fr['sub']=sub
json.dump([{k:(v.strftime('%Y-%m-%d') if isinstance(v,pd.Timestamp) else None if pd.isna(v) else v) for k,v in r.items()} for r in json.loads(sub.assign(started_at=sub.started_at.dt.strftime('%Y-%m-%d'),cancelled_at=sub.cancelled_at.dt.strftime('%Y-%m-%d')).to_json(orient='records'))],open(D+'subscriptions.json','w'))
# 13 clinic
n=180; cl=pd.DataFrame({'Date':pd.Series(days('2026-05-04','2026-11-20',n)).sort_values(ignore_index=True),'Time':R.integers(8,17,n)*60+R.choice([0,20,40],n),'Patient ID':[f'{x:05d}' for x in R.integers(12,80,n)],'Doctor':R.choice(['Dr. Novak','Dr. Aydin','Dr. Reiter'],n),'Type':R.choice(['Check-up','Follow-up','Emergency','Vaccination'],n),'Duration (min)':R.choice([10,15,20,30,45],n),'No-show':R.choice(['x',''],n,p=[.15,.85]),'Fee €':R.choice([45,60,80,120],n),'Waiting time (min)':R.integers(0,75,n)})
fr['cli']=cl; wb=Workbook(); ws=wb.active; ws.title='Appointments'; ws.append(list(cl.columns))
for r in cl.itertuples(index=False): ws.append([r[0].to_pydatetime().date(),dt.time(int(r[1])//60,int(r[1])%60),r[2],r[3],r[4],int(r[5]),r[6] or None,int(r[7]),int(r[8])])
ws2=wb.create_sheet('Notes'); ws2.append(['Fees valid from 1 May 2026']); wb.save(D+'clinic.xlsx')
# 14 sensors
ts=pd.date_range('2026-11-01',periods=24*12,freq='h'); rows=[]
for sname,off in [('cellar',9),('office',21),('roof',3)]:
    for t in ts: rows.append((t,sname,round(off+3*np.sin((t.hour-8)/24*6.283)+R.normal(0,.6),1),round(float(np.clip(R.normal(55,9),20,99)),0),'OK' if R.random()>.04 else 'FAULT'))
sen=pd.DataFrame(rows,columns=['timestamp','sensor','temp_c','humidity_pct','status']).sort_values(['timestamp','sensor'],ignore_index=True)
sen.loc[R.choice(len(sen),15,replace=False),'temp_c']=np.nan; sen.loc[400,'temp_c']=85.0
fr['sen']=sen; sen.to_csv(D+'sensor_log.csv',index=False)
# 15 shop
nc,npd,no=26,12,220
cus=pd.DataFrame({'Customer no':[f'{i:04d}' for i in range(1,nc+1)],'Name':[f'{v} GmbH' for v in vor[:nc]],'City':R.choice(['Berlin','Hamburg','München','Köln'],nc),'Segment':R.choice(['Retail','Wholesale'],nc),'Since':days('2019-01-01','2025-06-01',nc)})
prd=pd.DataFrame({'Product':[f'P{i:02d}' for i in range(1,npd+1)],'Description':['Oak table','Pine chair','Desk lamp','Sofa','Rug','Shelf','Mirror','Bed','Wardrobe','Stool','Bench','Clock'],'Group':['Tables','Chairs','Lighting','Seating','Textiles','Storage','Decor','Beds','Storage','Chairs','Seating','Decor'],'Price':[420,95,49.9,890,210,130,75,640,780,55,240,39.5],'Cost':[260,50,22,520,120,70,38,400,455,24,130,15]})
od=pd.DataFrame({'Order':range(9001,9001+no),'Date':pd.Series(days('2025-01-03','2026-11-19',no)).sort_values(ignore_index=True),'Customer no':R.choice(cus['Customer no'][:23],no),'Product':R.choice(prd['Product'][:11],no),'Pieces':R.integers(1,9,no),'Discount %':R.choice([0,0,0,5,10],no)})
fr['cus'],fr['prd'],fr['ord']=cus,prd,od
with pd.ExcelWriter(D+'shop.xlsx',engine='openpyxl') as w:
    for k,v in [('Orders',od),('Customers',cus),('Products',prd)]: v.to_excel(w,sheet_name=k,index=False)
# 16 years
ys={}
with pd.ExcelWriter(D+'donations.xlsx',engine='openpyxl') as w:
    for y in (2024,2025):
        m=70; f=pd.DataFrame({'Day':pd.Series(days(f'{y}-01-01',f'{y}-12-31',m)).sort_values(ignore_index=True),'Donor':R.choice([f'Donor {c}' for c in 'ABCDEFGHIJKLMNOPQR'],m),'Fund':R.choice(['Wells','School','Clinic'],m),'Amount EUR':R.choice([10,20,25,50,100,250,1000],m)})
        ys[y]=f; f.to_excel(w,sheet_name=str(y),index=False)
fr['don24'],fr['don25']=ys[2024],ys[2025]
pd.to_pickle(fr,'evaluations/exams/first/frames.pkl')
for k,v in fr.items(): print(k,v.shape)
