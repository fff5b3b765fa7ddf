/** Symptoms and signs. One concept a line: code | fully specified name | synonyms | abbreviations (case matters). */
export const FINDINGS = `
29857009 | Chest pain (finding) | chest pain; thoracic pain |
267036007 | Dyspnea (finding) | dyspnoea; shortness of breath; breathlessness | SOB
60845006 | Dyspnea on exertion (finding) | exertional dyspnoea; dyspnoea on exertion; exertional breathlessness; shortness of breath on exertion |
62744007 | Orthopnea (finding) | orthopnoea |
55442000 | Paroxysmal nocturnal dyspnea (finding) | paroxysmal nocturnal dyspnoea | PND
80313002 | Palpitations (finding) | palpitations; palpitation |
271594007 | Syncope (disorder) | syncope |
404640003 | Dizziness (finding) | dizziness |
399153001 | Vertigo (finding) | vertigo |
25064002 | Headache (finding) | headache |
84229001 | Fatigue (finding) | fatigue; tiredness |
386661006 | Fever (finding) | fever; pyrexia |
49727002 | Cough (finding) | cough |
28743005 | Productive cough (finding) | productive cough |
66857006 | Hemoptysis (finding) | haemoptysis |
56018004 | Wheezing (finding) | wheezing; wheeze |
422587007 | Nausea (finding) | nausea |
422400008 | Vomiting (disorder) | vomiting |
62315008 | Diarrhea (finding) | diarrhoea |
14760008 | Constipation (finding) | constipation |
21522001 | Abdominal pain (finding) | abdominal pain |
16331000 | Heartburn (finding) | heartburn |
34436003 | Blood in urine (finding) | haematuria; blood in the urine; blood in urine |
49650001 | Dysuria (finding) | dysuria |
139394000 | Nocturia (finding) | nocturia |
28442001 | Polyuria (finding) | polyuria |
17173007 | Excessive thirst (finding) | excessive thirst; polydipsia |
89362005 | Weight loss (finding) | weight loss |
8943002 | Weight gain (finding) | weight gain |
79890006 | Loss of appetite (finding) | loss of appetite |
42984000 | Night sweats (finding) | night sweats |
267038008 | Edema (finding) | oedema |
26237000 | Ankle edema (finding) | ankle oedema; ankle swelling |
102572006 | Edema of lower extremity (finding) | lower limb oedema; leg oedema; leg swelling |
57676002 | Pain of joint (finding) | joint pain; arthralgia |
161891005 | Backache (finding) | back pain; backache |
279039007 | Low back pain (finding) | low back pain; lower back pain |
68962001 | Muscle pain (finding) | muscle pain; myalgia |
26079004 | Tremor (finding) | tremor |
44077006 | Numbness (finding) | numbness |
91019004 | Paresthesia (finding) | paraesthesia |
271807003 | Eruption of skin (disorder) | rash; skin rash |
418363000 | Itching of skin (finding) | pruritus; itching |
18165001 | Jaundice (finding) | jaundice |
3424008 | Tachycardia (finding) | tachycardia |
48867003 | Bradycardia (finding) | bradycardia |
88610006 | Heart murmur (finding) | heart murmur; cardiac murmur |
31574009 | Systolic murmur (finding) | systolic murmur |
271823003 | Tachypnea (finding) | tachypnoea |
389087006 | Hypoxemia (finding) | hypoxaemia |
30746006 | Lymphadenopathy (disorder) | lymphadenopathy |
80515008 | Large liver (finding) | hepatomegaly |
16294009 | Splenomegaly (disorder) | splenomegaly |
389026000 | Ascites (disorder) | ascites |
60862001 | Tinnitus (finding) | tinnitus |
24982008 | Diplopia (disorder) | diplopia; double vision |
8011004 | Dysarthria (finding) | dysarthria |
87486003 | Aphasia (finding) | aphasia |
22325002 | Abnormal gait (finding) | abnormal gait; gait disturbance |
714628002 | Prediabetes (finding) | prediabetes; pre-diabetes |
77176002 | Smoker (finding) | smoker; current smoker |
8517006 | Ex-smoker (finding) | ex-smoker; former smoker |
266919005 | Never smoked tobacco (finding) | never smoked; never smoker; lifelong non-smoker |
`;
