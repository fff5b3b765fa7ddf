/** Heart, vessels and stroke. One concept a line: code | fully specified name | synonyms | abbreviations (case matters). */
export const CARDIOLOGY = `
38341003 | Hypertensive disorder (disorder) | hypertension; high blood pressure; arterial hypertension; raised blood pressure | HTN
59621000 | Essential hypertension (disorder) | essential hypertension; primary hypertension |
49436004 | Atrial fibrillation (disorder) | atrial fibrillation | AF; AFib
282825002 | Paroxysmal atrial fibrillation (disorder) | paroxysmal atrial fibrillation; paroxysmal AF | PAF
440059007 | Persistent atrial fibrillation (disorder) | persistent atrial fibrillation; persistent AF |
440028005 | Permanent atrial fibrillation (disorder) | permanent atrial fibrillation; permanent AF |
5370000 | Atrial flutter (disorder) | atrial flutter |
22298006 | Myocardial infarction (disorder) | myocardial infarction; myocardial infarct; heart attack | MI
57054005 | Acute myocardial infarction (disorder) | acute myocardial infarction; acute MI | AMI
401303003 | Acute ST segment elevation myocardial infarction (disorder) | ST elevation myocardial infarction; ST segment elevation myocardial infarction | STEMI
401314000 | Acute non-ST segment elevation myocardial infarction (disorder) | non-ST elevation myocardial infarction; non-ST segment elevation myocardial infarction | NSTEMI
194828000 | Angina pectoris (disorder) | angina pectoris; angina; stable angina |
4557003 | Preinfarction syndrome (disorder) | unstable angina |
53741008 | Coronary arteriosclerosis (disorder) | coronary artery disease; coronary atherosclerosis; coronary arteriosclerosis | CAD
414545008 | Ischemic heart disease (disorder) | ischaemic heart disease | IHD
394659003 | Acute coronary syndrome (disorder) | acute coronary syndrome | ACS
84114007 | Heart failure (disorder) | heart failure; cardiac failure | HF
42343007 | Congestive heart failure (disorder) | congestive heart failure; congestive cardiac failure | CHF; CCF
446221000 | Heart failure with normal ejection fraction (disorder) | heart failure with preserved ejection fraction; heart failure with normal ejection fraction | HFpEF
703272007 | Heart failure with reduced ejection fraction (disorder) | heart failure with reduced ejection fraction | HFrEF
60573004 | Aortic valve stenosis (disorder) | aortic valve stenosis; aortic stenosis |
60234000 | Aortic valve regurgitation (disorder) | aortic valve regurgitation; aortic regurgitation; aortic insufficiency |
48724000 | Mitral valve regurgitation (disorder) | mitral valve regurgitation; mitral regurgitation; mitral insufficiency |
79619009 | Mitral valve stenosis (disorder) | mitral valve stenosis; mitral stenosis |
409712001 | Mitral valve prolapse (disorder) | mitral valve prolapse |
55822004 | Hyperlipidemia (disorder) | hyperlipidaemia |
13644009 | Hypercholesterolemia (disorder) | hypercholesterolaemia; high cholesterol; raised cholesterol |
302870006 | Hypertriglyceridemia (disorder) | hypertriglyceridaemia |
370992007 | Dyslipidemia (disorder) | dyslipidaemia |
128053003 | Deep venous thrombosis (disorder) | deep venous thrombosis; deep vein thrombosis | DVT
59282003 | Pulmonary embolism (disorder) | pulmonary embolism; pulmonary embolus; pulmonary emboli | PE
400047006 | Peripheral vascular disease (disorder) | peripheral vascular disease | PVD
399957001 | Peripheral arterial occlusive disease (disorder) | peripheral arterial disease; peripheral artery disease | PAD
233985008 | Abdominal aortic aneurysm (disorder) | abdominal aortic aneurysm | AAA
3238004 | Pericarditis (disorder) | pericarditis |
50920009 | Myocarditis (disorder) | myocarditis |
56819008 | Endocarditis (disorder) | endocarditis |
85898001 | Cardiomyopathy (disorder) | cardiomyopathy |
399020009 | Dilated cardiomyopathy (disorder) | dilated cardiomyopathy | DCM
233873004 | Hypertrophic cardiomyopathy (disorder) | hypertrophic cardiomyopathy | HCM
6456007 | Supraventricular tachycardia (disorder) | supraventricular tachycardia | SVT
25569003 | Ventricular tachycardia (disorder) | ventricular tachycardia | VT
71908006 | Ventricular fibrillation (disorder) | ventricular fibrillation | VF
27885002 | Complete atrioventricular block (disorder) | complete heart block; complete atrioventricular block; third degree heart block |
270492004 | First degree atrioventricular block (disorder) | first degree heart block; first degree atrioventricular block; first degree AV block |
59118001 | Right bundle branch block (disorder) | right bundle branch block | RBBB
63467002 | Left bundle branch block (disorder) | left bundle branch block | LBBB
45007003 | Low blood pressure (disorder) | hypotension; low blood pressure |
28651003 | Orthostatic hypotension (disorder) | orthostatic hypotension; postural hypotension |
410429000 | Cardiac arrest (disorder) | cardiac arrest |
230690007 | Cerebrovascular accident (disorder) | cerebrovascular accident; stroke | CVA
422504002 | Ischemic stroke (disorder) | ischaemic stroke |
266257000 | Transient ischemic attack (disorder) | transient ischaemic attack | TIA
274100004 | Cerebral hemorrhage (disorder) | cerebral haemorrhage; intracerebral haemorrhage |
21454007 | Subarachnoid intracranial hemorrhage (disorder) | subarachnoid haemorrhage | SAH
70995007 | Pulmonary hypertension (disorder) | pulmonary hypertension |
`;
