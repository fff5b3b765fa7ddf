/** Lungs, gut, kidney, infection, joints, skin, eye. One concept a line: code | fully specified name | synonyms | abbreviations (case matters). */
export const GENERAL_MEDICINE = `
13645005 | Chronic obstructive lung disease (disorder) | chronic obstructive pulmonary disease; chronic obstructive lung disease; chronic obstructive airways disease | COPD
195967001 | Asthma (disorder) | asthma; bronchial asthma |
233604007 | Pneumonia (disorder) | pneumonia |
385093006 | Community acquired pneumonia (disorder) | community acquired pneumonia |
78275009 | Obstructive sleep apnea syndrome (disorder) | obstructive sleep apnoea; obstructive sleep apnoea syndrome | OSA; OSAS
73430006 | Sleep apnea (disorder) | sleep apnoea |
12295008 | Bronchiectasis (disorder) | bronchiectasis |
51615001 | Fibrosis of lung (disorder) | pulmonary fibrosis; lung fibrosis |
700250006 | Idiopathic pulmonary fibrosis (disorder) | idiopathic pulmonary fibrosis |
87433001 | Pulmonary emphysema (disorder) | emphysema; pulmonary emphysema |
60046008 | Pleural effusion (disorder) | pleural effusion |
36118008 | Pneumothorax (disorder) | pneumothorax |
32398004 | Bronchitis (disorder) | bronchitis |
10509002 | Acute bronchitis (disorder) | acute bronchitis |
56717001 | Tuberculosis (disorder) | tuberculosis |
154283005 | Pulmonary tuberculosis (disorder) | pulmonary tuberculosis |
31541009 | Sarcoidosis (disorder) | sarcoidosis |
54150009 | Upper respiratory infection (disorder) | upper respiratory tract infection; upper respiratory infection | URTI
6142004 | Influenza (disorder) | influenza |
840539006 | Disease caused by severe acute respiratory syndrome coronavirus 2 (disorder) | COVID-19; coronavirus disease 2019 |
61582004 | Allergic rhinitis (disorder) | allergic rhinitis; hay fever |
36971009 | Sinusitis (disorder) | sinusitis |
235595009 | Gastroesophageal reflux disease (disorder) | gastro-oesophageal reflux disease; gastroesophageal reflux disease; acid reflux disease | GERD; GORD
13200003 | Peptic ulcer (disorder) | peptic ulcer; peptic ulcer disease |
397825006 | Gastric ulcer (disorder) | gastric ulcer |
51868009 | Duodenal ulcer disease (disorder) | duodenal ulcer |
4556007 | Gastritis (disorder) | gastritis |
84089009 | Hiatal hernia (disorder) | hiatal hernia; hiatus hernia |
34000006 | Crohn's disease (disorder) | Crohn's disease; Crohn disease |
64766004 | Ulcerative colitis (disorder) | ulcerative colitis |
24526004 | Inflammatory bowel disease (disorder) | inflammatory bowel disease | IBD
10743008 | Irritable bowel syndrome (disorder) | irritable bowel syndrome | IBS
396331005 | Celiac disease (disorder) | coeliac disease |
19943007 | Cirrhosis of liver (disorder) | liver cirrhosis; cirrhosis of the liver; cirrhosis |
197321007 | Steatosis of liver (disorder) | fatty liver; hepatic steatosis; liver steatosis |
65275009 | Acute cholecystitis (disorder) | acute cholecystitis |
76581006 | Cholecystitis (disorder) | cholecystitis |
197456007 | Acute pancreatitis (disorder) | acute pancreatitis |
235494005 | Chronic pancreatitis (disorder) | chronic pancreatitis |
75694006 | Pancreatitis (disorder) | pancreatitis |
74400008 | Appendicitis (disorder) | appendicitis |
85189001 | Acute appendicitis (disorder) | acute appendicitis |
66071002 | Viral hepatitis type B (disorder) | hepatitis B; viral hepatitis B |
50711007 | Viral hepatitis type C (disorder) | hepatitis C; viral hepatitis C |
68496003 | Polyp of colon (disorder) | polyp of colon; colonic polyp; colon polyp |
70153002 | Hemorrhoids (disorder) | haemorrhoids; haemorrhoid |
74474003 | Gastrointestinal hemorrhage (disorder) | gastrointestinal haemorrhage; gastrointestinal bleeding |
396232000 | Inguinal hernia (disorder) | inguinal hernia |
709044004 | Chronic kidney disease (disorder) | chronic kidney disease | CKD
433144002 | Chronic kidney disease stage 3 (disorder) | chronic kidney disease stage 3; stage 3 chronic kidney disease; CKD stage 3 |
431857002 | Chronic kidney disease stage 4 (disorder) | chronic kidney disease stage 4; stage 4 chronic kidney disease; CKD stage 4 |
14669001 | Acute kidney injury (disorder) | acute kidney injury; acute renal failure | AKI
46177005 | End-stage renal disease (disorder) | end-stage renal disease; end-stage kidney disease | ESRD
95570007 | Kidney stone (disorder) | kidney stone; renal calculus; nephrolithiasis |
68566005 | Urinary tract infectious disease (disorder) | urinary tract infection | UTI
45816000 | Pyelonephritis (disorder) | pyelonephritis |
38822007 | Cystitis (disorder) | cystitis |
52254009 | Nephrotic syndrome (disorder) | nephrotic syndrome |
36171008 | Glomerulonephritis (disorder) | glomerulonephritis |
266569009 | Benign prostatic hyperplasia (disorder) | benign prostatic hyperplasia; benign prostatic hypertrophy | BPH
91302008 | Sepsis (disorder) | sepsis |
86406008 | Human immunodeficiency virus infection (disorder) | HIV infection; human immunodeficiency virus infection |
128045006 | Cellulitis (disorder) | cellulitis |
4740000 | Herpes zoster (disorder) | herpes zoster; shingles |
69896004 | Rheumatoid arthritis (disorder) | rheumatoid arthritis |
396275006 | Osteoarthritis (disorder) | osteoarthritis |
239873007 | Osteoarthritis of knee (disorder) | osteoarthritis of the knee; osteoarthritis of knee; knee osteoarthritis |
239872002 | Osteoarthritis of hip (disorder) | osteoarthritis of the hip; osteoarthritis of hip; hip osteoarthritis |
203082005 | Fibromyalgia (disorder) | fibromyalgia |
55464009 | Systemic lupus erythematosus (disorder) | systemic lupus erythematosus | SLE
9631008 | Ankylosing spondylitis (disorder) | ankylosing spondylitis |
65323003 | Polymyalgia rheumatica (disorder) | polymyalgia rheumatica |
90560007 | Gout (disorder) | gout |
9014002 | Psoriasis (disorder) | psoriasis |
24079001 | Atopic dermatitis (disorder) | atopic dermatitis |
23056005 | Sciatica (disorder) | sciatica |
5913000 | Fracture of neck of femur (disorder) | fracture of neck of femur; fracture of the neck of femur; femoral neck fracture |
271737000 | Anemia (disorder) | anaemia |
87522002 | Iron deficiency anemia (disorder) | iron deficiency anaemia |
84027009 | Pernicious anemia (disorder) | pernicious anaemia |
302215000 | Thrombocytopenic disorder (disorder) | thrombocytopenia |
193570009 | Cataract (disorder) | cataract |
23986001 | Glaucoma (disorder) | glaucoma |
267718000 | Age-related macular degeneration (disorder) | age-related macular degeneration | AMD
`;
