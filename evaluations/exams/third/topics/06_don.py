files('donations.ods'); d=FR['don']; Y=d.Received.dt.year; an=d.Donor=='Anonymous'
q("how much have we raised in total?",n(d.Amount.sum()))
q("donations by campaign, sum and average",t(d.groupby('Campaign').Amount.agg(['sum','mean']).reset_index()))
q("average donation without the anonymous ones",n(d[~an].Amount.mean()))
q("how many gifts were 250 euros or more",n((d.Amount>=250).sum()))
q("donations per quarter",t(d.groupby(d.Received.dt.to_period('Q')).Amount.sum()))
a=d[(Y==2025)&(d.Received.dt.month<=10)].Amount.sum(); b=d[Y==2026].Amount.sum()
q("how do Jan-Oct 2026 donations compare to Jan-Oct 2025?",ask_ok(facts(a,b),n(b-a),change(a,b)))
q("how many donations have not had a receipt sent?",n((d['Receipt sent']=='No').sum()))
nr=d[d['Receipt sent']=='No']
q("who is still waiting for a receipt for 100 or more?",L(nr[nr.Amount>=100].Donor.drop_duplicates()) if 0 else either(L(nr[nr.Amount>=100].Donor.drop_duplicates()),table(nr[nr.Amount>=100][['Donor','Amount']]),table(list(nr[nr.Amount>=100].Donor))))
q("how many rows have no channel",n(4))
q("total by campaign and channel",either(t(d.groupby(['Campaign','Channel']).Amount.sum()),t(d.groupby(['Campaign','Channel'],dropna=False).Amount.sum())))
q("pie chart of money raised per campaign",ch('pie donut',d.groupby('Campaign').Amount.sum()))
q("what percentage of the money is anonymous?",n(d[an].Amount.sum()/d.Amount.sum(),p=True))
al=d.groupby('Donor').Campaign.nunique(); al=al[al==3].index
q("which donors have given to all three campaigns?",either(L(al),L([x for x in al if x!='Anonymous'])))
q("top 3 donors, leave out Anonymous",top(d[~an].groupby('Donor').Amount.sum(),3))
w=d[d.Campaign=='Winter shelter']
q(["how much came in for the winter shelter?","how many gifts was that","and from which countries?"],[n(w.Amount.sum()),n(len(w)),either(t(w.groupby('Country').size()),t(w.groupby('Country').Amount.sum()),table(list(w.Country.unique())))])
q("what was the median gift in 2026?",n(d[Y==2026].Amount.median()))
q("Which month brought the least money?",either(least(d.groupby(d.Received.dt.to_period('M')).Amount.sum()),least(d.groupby(d.Received.dt.month_name()).Amount.sum())))
q("are website donors happier than the ones on the street?",NO,'unanswerable')
