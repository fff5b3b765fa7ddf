/** What was done. One concept a line: code | fully specified name | synonyms | abbreviations (case matters). */
export const PROCEDURES = `
45595009 | Laparoscopic cholecystectomy (procedure) | laparoscopic cholecystectomy |
38102005 | Cholecystectomy (procedure) | cholecystectomy |
80146002 | Excision of appendix (procedure) | appendicectomy; appendectomy |
232717009 | Coronary artery bypass grafting (procedure) | coronary artery bypass grafting; coronary artery bypass graft; coronary artery bypass surgery; coronary bypass surgery | CABG
415070008 | Percutaneous coronary intervention (procedure) | percutaneous coronary intervention | PCI
41339005 | Coronary angioplasty (procedure) | coronary angioplasty |
33367005 | Angiography of coronary artery (procedure) | coronary angiography; coronary angiogram |
41976001 | Cardiac catheterization (procedure) | cardiac catheterisation; cardiac catheterization |
40701008 | Echocardiography (procedure) | echocardiography; echocardiogram; transthoracic echocardiogram |
105376000 | Transesophageal echocardiography (procedure) | transoesophageal echocardiography; transoesophageal echocardiogram |
29303009 | Electrocardiographic procedure (procedure) | electrocardiogram; electrocardiography | ECG; EKG
18286008 | Catheter ablation of tissue of heart (procedure) | catheter ablation; cardiac ablation; pulmonary vein isolation via catheter ablation; radiofrequency ablation of the heart |
250980009 | Cardioversion (procedure) | cardioversion |
180325003 | Direct current cardioversion (procedure) | direct current cardioversion; electrical cardioversion | DCCV
307280005 | Implantation of cardiac pacemaker (procedure) | implantation of cardiac pacemaker; pacemaker implantation; pacemaker insertion |
26212005 | Replacement of aortic valve (procedure) | aortic valve replacement; replacement of the aortic valve | AVR
53059001 | Replacement of mitral valve (procedure) | mitral valve replacement | MVR
73761001 | Colonoscopy (procedure) | colonoscopy |
76009000 | Esophagogastroduodenoscopy (procedure) | oesophagogastroduodenoscopy; gastroscopy; upper gastrointestinal endoscopy | OGD; EGD
10847001 | Bronchoscopy (procedure) | bronchoscopy |
52734007 | Total replacement of hip (procedure) | total hip replacement; total hip arthroplasty; hip replacement |
609588000 | Prosthetic total arthroplasty of knee joint (procedure) | total knee replacement; total knee arthroplasty; knee replacement |
236886002 | Hysterectomy (procedure) | hysterectomy |
11466000 | Cesarean section (procedure) | caesarean section |
69031006 | Excision of breast tissue (procedure) | mastectomy |
392021009 | Lumpectomy of breast (procedure) | lumpectomy; lumpectomy of the breast |
90470006 | Prostatectomy (procedure) | prostatectomy |
13619001 | Thyroidectomy (procedure) | thyroidectomy |
173422009 | Tonsillectomy (procedure) | tonsillectomy |
367336001 | Chemotherapy (procedure) | chemotherapy |
108290001 | Radiation oncology AND/OR radiotherapy (procedure) | radiotherapy; radiation therapy |
302497006 | Hemodialysis (procedure) | haemodialysis |
70536003 | Transplant of kidney (procedure) | kidney transplant; renal transplant; kidney transplantation; renal transplantation |
54550000 | Electroencephalogram (procedure) | electroencephalogram; electroencephalography | EEG
113091000 | Magnetic resonance imaging (procedure) | magnetic resonance imaging | MRI
77477000 | Computed tomography (procedure) | computed tomography | CT
399208008 | Plain X-ray of chest (procedure) | chest X-ray; chest radiograph | CXR
16310003 | Ultrasonography (procedure) | ultrasonography; ultrasound; ultrasound scan |
127783003 | Spirometry (procedure) | spirometry |
277762005 | Lumbar puncture (procedure) | lumbar puncture |
60554003 | Polysomnography (procedure) | polysomnography; sleep study |
47545007 | Continuous positive airway pressure ventilation treatment (regime/therapy) | continuous positive airway pressure | CPAP
86273004 | Biopsy (procedure) | biopsy |
44558001 | Repair of inguinal hernia (procedure) | inguinal hernia repair; repair of inguinal hernia |
54885007 | Extraction of cataract (procedure) | cataract extraction; cataract surgery |
66951008 | Carotid endarterectomy (procedure) | carotid endarterectomy |
`;
