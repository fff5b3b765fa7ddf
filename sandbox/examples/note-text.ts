/** A progress note as a cardiologist's clinic writes them; the patient is invented. */

export const NOTE_TEXT = `CARDIOLOGY OUTPATIENT CLINIC - PROGRESS NOTE
Visit of 19 November 2026, Dr Zoë Peeters

Reason for visit
68-year-old retired pâtissière, reviewed for exertional dyspnoea that has slowly worsened since the spring. She now stops once on the two flights up to her flat in the Rue de l'Église.

History
Type 2 diabetes mellitus since 2014, on metformin. Essential hypertension since 2009, controlled. Paroxysmal atrial fibrillation diagnosed in March 2021, anticoagulated with apixaban since then. Hyperlipidaemia for 10 years. Ménière's disease from 2010 until 2018, no attacks afterwards. Deep vein thrombosis of the left leg 12 years ago, after a long-haul flight. In September 2023 she underwent catheter ablation, without complications. Laparoscopic cholecystectomy in March 2019.

Family history
Her father died of a myocardial infarction at 59. Her sister has breast cancer and hypothyroidism.

Symptoms
Two-pillow orthopnoea and occasional palpitations, mostly in the evening. Mild ankle oedema by the end of the day. No chest pain. She denies syncope and haemoptysis. Fatigue has been prominent since June 2026.

Examination
Blood pressure 138/76 mmHg, pulse 78/min and irregular, SpO₂ 95 %, temperature 36.8 °C, weight 81 kg (+2 kg). Soft systolic murmur at the apex, grade 2/6. Fine basal crackles on both sides. Liver not enlarged, no ascites, no jaundice.

Investigations
ECG today: atrial fibrillation, rate 80/min, left bundle branch block. Echocardiography in October 2026: ejection fraction 52 %, left atrium 46 mm, moderate mitral regurgitation. NT-proBNP 1,140 ng/L. Haemoglobin 10.9 g/dL with ferritin 9 µg/L.

Assessment
1. Probable heart failure with preserved ejection fraction.
2. Iron deficiency anaemia, newly found; the source is not yet known.
3. Possible obstructive sleep apnoea: she snores, and her husband reports pauses.
The differential diagnosis of the breathlessness includes pulmonary hypertension, COPD and recurrent pulmonary embolism.

Plan
Start an SGLT2 inhibitor and furosemide 20 mg. Intravenous iron; colonoscopy and gastroscopy are requested. Sleep study and spirometry within six weeks. She is to call us if chest pain or fever occurs. Review on 14 January 2027, with the results.
`;
