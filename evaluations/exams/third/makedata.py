"""Clean frames (frames.pkl) and the files written from them."""
import numpy as np, pandas as pd, datetime as dt, json, zipfile, xlwt
from xml.sax.saxutils import escape
from openpyxl import Workbook
from openpyxl.styles import Font
D='files/'; R=np.random.default_rng(4242); T=pd.Timestamp; fr={}
def days(a,b,n):
    a,b=T(a),T(b); return pd.Series(a+pd.to_timedelta(R.integers(0,(b-a).days+1,n),unit='D'))
def srt(a,b,n): return days(a,b,n).sort_values(ignore_index=True)
def comma(x,d=2): return '' if pd.isna(x) else f"{x:,.{d}f}".replace(',','X').replace('.',',').replace('X','.')
def sheet(ws,df,top,total=None,fmt='yyyy-mm-dd'):
    for j,c in enumerate(df.columns): ws.cell(top,j+1,c).font=Font(bold=True)
    for i,row in enumerate(df.itertuples(index=False)):
        for j,v in enumerate(row):
            if v is pd.NaT or v is None or (isinstance(v,float) and np.isnan(v)): continue
            if isinstance(v,pd.Timestamp): v=v.to_pydatetime()
            c=ws.cell(top+1+i,j+1,v.item() if hasattr(v,'item') else v)
            if isinstance(v,dt.datetime): c.number_format=fmt
    if total:
        r=top+1+len(df); ws.cell(r,1,total[0]).font=Font(bold=True)
        for c in total[1]: ws.cell(r,list(df.columns).index(c)+1,round(float(df[c].sum()),2))
# 1 dental appointments, tidy csv
n=240; tr={'Check-up':60,'Cleaning':85,'Filling':140,'Root canal':520,'Crown':780,'Extraction':160}
t=R.choice(list(tr),n,p=[.3,.27,.2,.07,.06,.1]); st=R.choice(['Completed','No-show','Cancelled'],n,p=[.78,.12,.1])
den=pd.DataFrame({'appointment_id':range(70001,70001+n),'date':srt('2026-03-02','2026-10-30',n),'dentist':R.choice(['Dr. Okafor','Dr. Lind','Dr. Marsh'],n,p=[.45,.35,.2]),'patient':R.choice([f'PT-{i}' for i in range(201,275)],n),'treatment':t,'fee':[tr[x]+int(R.integers(-2,5))*5 for x in t],'minutes':R.choice([15,20,30,45,60,90],n),'insurance':R.choice(['Public','Private','None'],n,p=[.6,.25,.15]),'status':st})
den['fee']=den.fee.astype(float); den.loc[[11,64,150],'minutes']=np.nan; fr['den']=den
o=den.copy(); o['minutes']=o.minutes.map(lambda x:'' if pd.isna(x) else str(int(x))); o.to_csv(D+'dental_appointments.csv',index=False,date_format='%Y-%m-%d')
# 2 cafe takings xlsx, title, totals, wide categories
dd=pd.date_range('2026-08-01','2026-10-31'); n=len(dd); we=np.isin(dd.dayofweek,[5,6])
caf=pd.DataFrame({'Date':dd,'Coffee':np.round(R.normal(420,60,n)+we*150,2),'Cakes':np.round(R.normal(210,40,n)+we*90,2),'Lunch':np.round(R.normal(330,80,n),2),'Cold drinks':np.round(R.normal(95,25,n).clip(10),2),'Customers':R.integers(90,220,n)+we*60,'Weather':R.choice(['Sunny','Rainy','Cloudy'],n,p=[.4,.25,.35]),'Open':'yes'})
caf.loc[caf.Date.isin([T('2026-08-15'),T('2026-10-26')]),['Coffee','Cakes','Lunch','Cold drinks']]=np.nan
caf.loc[caf.Coffee.isna(),'Customers']=0; caf.loc[caf.Coffee.isna(),'Open']='no'; fr['caf']=caf
wb=Workbook(); ws=wb.active; ws.title='Takings'; ws['A1']='Corner Café – daily takings'; ws['A2']='Aug–Oct 2026, all amounts in £'; sheet(ws,caf,4,('TOTAL',['Coffee','Cakes','Lunch','Cold drinks','Customers']),'dd/mm/yyyy'); wb.save(D+'cafe_takings.xlsx')
# 3 Rechnungen German
n=130; rd=srt('2025-11-03','2026-11-10',n); net=np.round(R.gamma(2,900,n)+80,2); ust=R.choice([.2,.1],n,p=[.8,.2])
fae=rd+pd.to_timedelta(R.choice([14,30],n),unit='D'); bez=fae+pd.to_timedelta(R.integers(-12,40,n),unit='D'); bez=bez.where((bez<=T('2026-11-20'))&(R.random(n)>.12))
kd=['Bäckerei Huber','Hotel Post','Autohaus König','Schule am Park','Müller & Söhne','Praxis Dr. Weiß','Gasthof Ochs']
re_=pd.DataFrame({'Rechnungsnr':[f'RE-{2000+i}' for i in range(n)],'Kunde':R.choice(kd,n,p=[.1,.2,.15,.1,.2,.1,.15]),'Rechnungsdatum':rd,'Fällig am':fae,'Bezahlt am':bez,'Leistung':R.choice(['Installation','Wartung','Störung','Photovoltaik'],n,p=[.35,.3,.2,.15]),'Nettobetrag':net,'USt-Satz':ust,'Bruttobetrag':np.round(net*(1+ust),2)})
re_['Status']=np.where(bez.notna(),'bezahlt',np.where(fae<T('2026-11-22'),'überfällig','offen')); fr['re']=re_
o=re_.copy()
for c in('Rechnungsdatum','Fällig am','Bezahlt am'): o[c]=re_[c].dt.strftime('%d.%m.%Y')
for c in('Nettobetrag','Bruttobetrag'): o[c]=re_[c].map(lambda x:comma(x)+' €')
o['USt-Satz']=re_['USt-Satz'].map(lambda x:f'{x:.0%}'.replace('%',' %')); o.to_csv(D+'rechnungen_elektro.csv',sep=';',index=False,encoding='cp1252')
# 4 solar tsv, months as text
rec=[]
for s,kwp in (('Barn roof',48.0),('School',30.5),('Depot',96.0),('Town hall',22.4)):
    for m in pd.date_range('2024-01-01','2026-09-01',freq='MS'):
        f=[.25,.4,.8,1.1,1.3,1.4,1.42,1.25,.95,.6,.3,.2][m.month-1]; e=round(kwp*85*f); rec.append((s,kwp,m,int(e*R.uniform(.78,1.12)),e,int(R.choice([0,0,0,2,5,12,30]))))
sol=pd.DataFrame(rec,columns=['Site','Capacity kWp','Month','Produced kWh','Expected kWh','Outage hours']); sol['Produced kWh']=sol['Produced kWh'].astype(float); sol.loc[[20,77],'Produced kWh']=np.nan; fr['sol']=sol
o=sol.copy(); o['Month']=sol.Month.dt.strftime('%b %Y'); o['Produced kWh']=sol['Produced kWh'].map(lambda x:'n/a' if pd.isna(x) else str(int(x))); o.to_csv(D+'solar_sites.tsv',sep='\t',index=False)
# 5 gym two sheets
n=70; fn=['Aisha','Bruno','Carla','Dev','Elin','Farid','Greta','Hamza','Ines','Jonas','Kira','Leo','Mona','Nils','Olga','Pavel','Rosa','Sami','Tara','Umar']; ln=['Berg','Conti','Dahl','Evans','Flores','Gupta','Hansen']
nm=[f'{fn[i%20]} {ln[(i*3+i//20)%7]}' for i in range(n)]
mem=pd.DataFrame({'Member ID':[f'M{100+i}' for i in range(n)],'Name':nm,'Plan':R.choice(['Basic','Plus','Premium'],n,p=[.5,.3,.2]),'Joined':srt('2023-01-10','2026-10-25',n),'Birth year':R.integers(1955,2008,n),'City':R.choice(['Graz','Linz','Wels'],n,p=[.5,.3,.2]),'Left on':pd.NaT})
mem['Left on']=(mem.Joined+pd.to_timedelta(R.integers(40,700,n),unit='D')).where(R.random(n)<.35); mem.loc[mem['Left on']>T('2026-11-15'),'Left on']=pd.NaT
pay=[]; k=0
fee={'Basic':29.9,'Plus':44.9,'Premium':69.0}
for i in R.choice(n,60,replace=False):
    for m in pd.date_range('2026-06-01','2026-10-01',freq='MS'):
        if R.random()<.72: k+=1; pay.append((f'P{9000+k}',f'M{100+i}',m+pd.Timedelta(days=int(R.integers(0,12))),fee[mem.Plan[i]],R.choice(['SEPA','Card','Cash'],p=[.6,.3,.1])))
pay=pd.DataFrame(pay,columns=['Payment','Member ID','Paid on','Amount','Method']).sort_values('Paid on',kind='stable',ignore_index=True); fr['mem']=mem; fr['pay']=pay
wb=Workbook(); ws=wb.active; ws.title='Members'; sheet(ws,mem,1); sheet(wb.create_sheet('Payments'),pay,1); wb.save(D+'gym.xlsx')
# 6 donations ods
n=150; don=pd.DataFrame({'Received':srt('2025-01-05','2026-10-31',n),'Donor':R.choice(['A. Novak','B. Ortiz','C. Petit','D. Quist','E. Rossi','F. Stahl','G. Thorn','Anonymous'],n,p=[.1,.1,.15,.1,.15,.1,.1,.2]),'Campaign':R.choice(['Winter shelter','School meals','Clean water'],n,p=[.4,.35,.25]),'Amount':R.choice([10,20,25,50,100,250,500,1000],n,p=[.15,.15,.15,.2,.15,.1,.07,.03]).astype(float),'Channel':R.choice(['Bank transfer','Website','Street'],n,p=[.4,.45,.15]),'Receipt sent':R.choice(['Yes','No'],n,p=[.8,.2]),'Country':R.choice(['Austria','Germany','Italy','France'],n,p=[.4,.3,.2,.1])})
don.loc[[4,30,99,121],'Channel']=None; fr['don']=don
def cell(v):
    if v is None or (isinstance(v,float) and np.isnan(v)): return '<table:table-cell/>'
    if isinstance(v,pd.Timestamp): return f'<table:table-cell office:value-type="date" office:date-value="{v:%Y-%m-%d}"><text:p>{v:%d.%m.%y}</text:p></table:table-cell>'
    if isinstance(v,(int,float,np.number)): return f'<table:table-cell office:value-type="currency" office:currency="EUR" office:value="{v}"><text:p>€{v:,.2f}</text:p></table:table-cell>'
    return f'<table:table-cell office:value-type="string"><text:p>{escape(str(v))}</text:p></table:table-cell>'
rows=''.join('<table:table-row>'+''.join(cell(v) for v in r)+'</table:table-row>' for r in [['Donations ledger'],[list(don.columns)][0]]+[list(x) for x in don.itertuples(index=False)])
ns='xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
with zipfile.ZipFile(D+'donations.ods','w') as z:
    z.writestr('mimetype','application/vnd.oasis.opendocument.spreadsheet',zipfile.ZIP_STORED)
    z.writestr('META-INF/manifest.xml','<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/><manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>')
    z.writestr('content.xml',f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {ns} office:version="1.2"><office:body><office:spreadsheet><table:table table:name="Ledger">{rows}</table:table></office:spreadsheet></office:body></office:document-content>',zipfile.ZIP_DEFLATED)
# 7 guesthouse json
n=160; ar=srt('2026-01-03','2026-12-20',n); ng=R.integers(1,9,n); rate={'Garden':95,'Attic':120,'Lake view':165,'Family':190}; rm=R.choice(list(rate),n,p=[.35,.2,.25,.2])
gh=pd.DataFrame({'bookingRef':[f'GH{3000+i}' for i in range(n)],'bookedOn':ar-pd.to_timedelta(R.integers(1,120,n),unit='D'),'arrival':ar,'departure':ar+pd.to_timedelta(ng,unit='D'),'room':rm,'guests':R.integers(1,6,n),'totalPrice':[float(rate[x]*k) for x,k in zip(rm,ng)],'channel':R.choice(['Direct','Booking.com','Airbnb'],n,p=[.35,.45,.2]),'guestCountry':R.choice(['DE','AT','NL','CZ','UK'],n,p=[.4,.2,.2,.1,.1]),'cancelled':R.random(n)<.14})
gh.loc[[8,70,71,140],'guestCountry']=None; fr['gh']=gh
o=gh.copy()
for c in('bookedOn','arrival','departure'): o[c]=gh[c].dt.strftime('%Y-%m-%d')
json.dump([{k:(None if not isinstance(v,bool) and pd.isna(v) else v.item() if hasattr(v,'item') else v) for k,v in r.items()} for r in o.to_dict('records')],open(D+'guesthouse_bookings.json','w'),indent=1)
# 8 stock parquet
n=95; cats=['Fasteners','Power tools','Paint','Garden','Plumbing']; 
stk=pd.DataFrame({'sku':[f'SK-{400+i}' for i in range(n)],'item':[f'{a} {i+1}' for i,a in enumerate(R.choice(['Bolt','Drill','Primer','Hose','Valve','Saw','Rake','Sealant'],n))],'category':R.choice(cats,n),'warehouse':R.choice(['North','South','Harbour'],n,p=[.45,.35,.2]),'on_hand':R.integers(0,240,n),'reorder_level':R.integers(10,80,n),'unit_cost':np.round(R.gamma(2,11,n)+.4,2),'unit_price':0.,'supplier':R.choice(['Kessler','Bright Co','Tomasz','Vanni'],n),'last_counted':days('2025-06-01','2026-11-10',n)})
stk['unit_price']=np.round(stk.unit_cost*R.uniform(1.2,2.1,n),2); stk.loc[[9,27,60,61,90],'supplier']=None; fr['stk']=stk; stk.to_parquet(D+'warehouse_stock.parquet',index=False)
# 9 headcount wide months
mons=[f'{m} 2026' for m in ['Jan','Feb','Mar','Apr','May','Jun','Jul','Aug','Sep','Oct']]
hc=pd.DataFrame({'Department':['Sales','Sales','Production','Production','Logistics','IT','Finance','HR'],'Site':['Vienna','Brno','Vienna','Brno','Brno','Vienna','Vienna','Vienna']})
b=np.array([22,9,64,81,33,14,11,6])
for m in mons: hc[m]=b; b=(b+R.integers(-2,4,8)).clip(1)
fr['hc']=hc; fr['mons']=pd.Series(mons)
wb=Workbook(); ws=wb.active; ws.title='Headcount'; ws['A1']='Headcount at month end'; ws['A2']='Source: HR, full-time equivalents'; sheet(ws,hc,4,('Total',mons)); wb.save(D+'headcount_2026.xlsx')
# 10 survey csv, missing, likert
n=210; sv=pd.DataFrame({'Response':range(1,n+1),'Submitted':pd.Series(T('2026-09-01 07:00')+pd.to_timedelta(R.integers(0,60*24*45,n),unit='m')).sort_values(ignore_index=True),'Store':R.choice(['Oak Street','Mall','Airport'],n,p=[.4,.4,.2]),'Age group':R.choice(['18-29','30-44','45-59','60+'],n),'How likely are you to recommend us? (0-10)':R.choice(range(11),n,p=[.02,.02,.02,.03,.03,.06,.08,.16,.24,.18,.16]).astype(float),'Staff friendliness':R.choice(['Very good','Good','Fair','Poor'],n,p=[.35,.4,.17,.08]),'Waiting time (min)':np.round(R.gamma(2,4,n),0),'Would return':R.choice(['Yes','No','Maybe'],n,p=[.65,.12,.23]),'Comment':R.choice(['','great coffee','too slow','nice staff','parking is a problem','love it'],n,p=[.6,.08,.1,.1,.05,.07])})
sv.loc[R.choice(n,9,replace=False),'How likely are you to recommend us? (0-10)']=np.nan; sv.loc[R.choice(n,14,replace=False),'Waiting time (min)']=np.nan; sv['Comment']=sv.Comment.replace('',None); fr['sv']=sv
o=sv.copy(); o['Submitted']=sv.Submitted.dt.strftime('%Y-%m-%d %H:%M')
for c in sv.columns[[4,6]]: o[c]=sv[c].map(lambda x:'' if pd.isna(x) else str(int(x)))
o.to_csv(D+'customer_survey.csv',index=False)
# 11 wine orders + customers
cu=pd.DataFrame({'cust_no':range(501,526),'company':[f'{a} {b}' for a,b in zip(['Vinothek','Bistro','Hotel','Weinbar','Restaurant']*5,['Adler','Blau','Corvo','Duna','Esprit','Falke','Gusto','Hafen','Insel','Jade','Krone','Linde','Mohn','Nord','Olive','Pino','Quelle','Rosa','Stern','Tulpe','Ulme','Vesta','Wien','Xenia','Zander'])],'country':R.choice(['Austria','Germany','Switzerland'],25,p=[.5,.3,.2]),'segment':R.choice(['Retail','Gastro','Hotel'],25),'discount_pct':R.choice([0,5,10,15],25),'account_manager':R.choice(['Lena','Marco','Nora'],25)})
n=300; w={'Riesling':8.9,'Zweigelt':7.5,'Veltliner':6.8,'Blaufränkisch':11.2,'Chardonnay':9.9}; p=R.choice(list(w),n,p=[.25,.2,.3,.1,.15]); bo=R.choice([6,12,18,24,36,60],n)
od=pd.DataFrame({'order_no':[f'O-{7000+i}' for i in range(n)],'cust_no':R.choice(list(range(501,523))+[599],n),'order_date':srt('2025-01-07','2026-10-28',n),'wine':p,'bottles':bo,'price_per_bottle':[w[x] for x in p]}); od['line_total']=(od.bottles*od.price_per_bottle).round(2); od['shipped']=np.where((od.order_date<T('2026-10-10'))&(R.random(n)<.95),'Y','N')
od=pd.concat([od,od.iloc[[33,120,250]]],ignore_index=True).sort_values('order_date',kind='stable',ignore_index=True); fr['cu']=cu; fr['od']=od
od.to_csv(D+'wine_orders.csv',index=False,date_format='%Y-%m-%d'); cu.to_csv(D+'wine_customers.csv',index=False)
# 12 CRM deals xlsx as text
n=85; sg=R.choice(['Lead','Qualified','Proposal','Negotiation','Won','Lost'],n,p=[.15,.15,.17,.13,.25,.15]); pr={'Lead':.1,'Qualified':.25,'Proposal':.5,'Negotiation':.75,'Won':1.,'Lost':0.}; cr=srt('2026-01-08','2026-10-20',n)
crm=pd.DataFrame({'Deal':[f'Deal {chr(65+i%26)}{i:02d}' for i in range(n)],'Account':R.choice(['Northwind','Contoso','Fabrikam','Initech','Globex','Umbrella','Hooli'],n),'Owner':R.choice(['Sofia Marin','Tom Becker','Uma Patel','Viktor Ros'],n),'Stage':sg,'Value':R.integers(3,140,n)*500.0,'Probability':[pr[x] for x in sg],'Created':cr,'Expected close':cr+pd.to_timedelta(R.integers(20,150,n),unit='D'),'Source':R.choice(['Referral','Web','Trade fair','Cold call'],n)})
crm.loc[[6,44],'Value']=np.nan; crm.loc[[18,50,51],'Owner']=None; fr['crm']=crm
o=crm.copy(); o['Value']=crm.Value.map(lambda x:'TBD' if pd.isna(x) else f'€{x:,.0f}'); o['Probability']=crm.Probability.map(lambda x:f'{x:.0%}')
for c in('Created','Expected close'): o[c]=crm[c].dt.strftime('%m/%d/%Y')
o=o.astype(object).where(o.notna(),None); wb=Workbook(); ws=wb.active; ws.title='Pipeline'; sheet(ws,o,1); wb.save(D+'crm_deals.xlsx')
# 13 timesheets xls
n=190; em=['Baker, Jo','Chen, Li','Diaz, Ana','Ekberg, Ulf','Fofana, Awa']; rate=dict(zip(em,[32.,41.5,38.,55.,29.]))
e=R.choice(em,n); ts=pd.DataFrame({'Employee':e,'Date':srt('2026-07-01','2026-09-30',n),'Client':R.choice(['Harlow Ltd','Pine & Co','Metro Bank','Internal'],n,p=[.35,.25,.25,.15]),'Activity':R.choice(['Design','Meetings','Support','Travel'],n),'Hours':R.choice([.5,1,1.5,2,3,4,6,7.5,8],n),'Billable':'','Hourly rate':[rate[x] for x in e]}); ts['Billable']=np.where((ts.Client!='Internal')&(ts.Activity!='Travel'),'Y','N'); ts.loc[[14,15,100],'Activity']=None; fr['ts']=ts
wb=xlwt.Workbook(); ws=wb.add_sheet('Q3'); ws.write(0,0,'Timesheets Q3 2026'); ds=xlwt.easyxf(num_format_str='DD/MM/YYYY')
for j,c in enumerate(ts.columns): ws.write(2,j,c)
for i,row in enumerate(ts.itertuples(index=False)):
    for j,v in enumerate(row):
        if v is None or (isinstance(v,float) and np.isnan(v)): continue
        ws.write(3+i,j,v.to_pydatetime(),ds) if isinstance(v,pd.Timestamp) else ws.write(3+i,j,v)
ws.write(3+n,0,'Total hours'); ws.write(3+n,4,float(ts.Hours.sum())); wb.save(D+'timesheets_q3.xls')
# 14 grades wide
n=56; gr=pd.DataFrame({'Student':[f'{a} {b}' for a,b in zip(['Ada','Bea','Cem','Dan','Eva','Fay','Gus','Hal']*7,[x for x in ['Abel','Bird','Cruz','Dorn','Ekin','Fitz','Gold'] for _ in range(8)])],'Class':R.choice(['7A','7B','8A'],n),'Gender':R.choice(['f','m'],n)})
for s,m in (('Maths',64),('English',71),('Science',67),('History',69)): gr[s]=R.normal(m,13,n).round(0).clip(15,100)
gr.loc[[5,22],'Maths']=np.nan; gr.loc[[9],'History']=np.nan; gr['Attendance']=np.round(R.uniform(.72,1,n),3); fr['gr']=gr
o=gr.copy()
for s in('Maths','English','Science','History'): o[s]=gr[s].map(lambda x:'absent' if pd.isna(x) else str(int(x)))
o['Attendance']=gr.Attendance.map(lambda x:f'{x*100:.1f}%'); o.to_csv(D+'grades_term1.csv',index=False)
pd.to_pickle(fr,'frames.pkl')
