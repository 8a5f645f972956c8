files()
def pmt(p,r,k): return p*r/(1-(1+r)**-k)
q("monthly payment on a 25000 loan at 6% over 5 years",n(pmt(25000,.06/12,60),w=.01))
q("how much interest do I pay in total on a loan of 18,000 at 4.5% a year over 48 months?",n(pmt(18000,.045/12,48)*48-18000,w=.6))
fl=[-40000,12000,15000,18000,9000]; v=sum(x/1.08**i for i,x in enumerate(fl))
q("NPV at 8% of -40000, 12000, 15000, 18000, 9000",n(v,w=.02))
def irr(f):
    a,b=-.9,1.
    for _ in range(200):
        m=(a+b)/2
        if sum(x/(1+m)**i for i,x in enumerate(f))>0: a=m
        else: b=m
    return a
q("what's the IRR if I invest 10000 and get back 3000 a year for 5 years?",n(irr([-10000]+[3000]*5),p=True))
q("I buy for 42 and sell for 69.90. what's my margin?",ask_ok(n(27.9/69.9,p=True),n(27.9)))
q("what is the markup if cost is 80 and price is 100",n(.25,p=True))
q("10000 at 3.5% compound interest for 12 years",n(10000*1.035**12))
q("how much VAT is in 1,250 gross at 20%?",n(1250-1250/1.2))
q("fixed costs 12000, price 35, variable cost 20. how many units to break even?",n(800))
q("revenue went from 240k in 2021 to 390k in 2025, what's the annual growth rate?",n((390/240)**.25-1,p=True))
q("what's 15% off 249?",either(n(249*.85),n(249*.15)))
q("straight line depreciation per year for a 36000 van with 6000 residual over 5 years",n(6000))
q("how much is 500 dollars in euros today?",NO,'unanswerable')
q("should I lease or buy a van?",NO,'ambiguous')
