/** Hormones and metabolism. One concept a line: code | fully specified name | synonyms | abbreviations (case matters). */
export const ENDOCRINOLOGY = `
73211009 | Diabetes mellitus (disorder) | diabetes mellitus; diabetes |
44054006 | Diabetes mellitus type 2 (disorder) | type 2 diabetes mellitus; type 2 diabetes; diabetes mellitus type 2; type II diabetes mellitus; type II diabetes | T2DM; T2D
46635009 | Diabetes mellitus type 1 (disorder) | type 1 diabetes mellitus; type 1 diabetes; diabetes mellitus type 1; type I diabetes mellitus; type I diabetes | T1DM; T1D
11687002 | Gestational diabetes mellitus (disorder) | gestational diabetes mellitus; gestational diabetes | GDM
420422005 | Ketoacidosis due to diabetes mellitus (disorder) | diabetic ketoacidosis | DKA
4855003 | Retinopathy due to diabetes mellitus (disorder) | diabetic retinopathy |
230572002 | Neuropathy due to diabetes mellitus (disorder) | diabetic neuropathy |
127013003 | Disorder of kidney due to diabetes mellitus (disorder) | diabetic nephropathy; diabetic kidney disease |
302866003 | Hypoglycemia (disorder) | hypoglycaemia |
80394007 | Hyperglycemia (disorder) | hyperglycaemia |
40930008 | Hypothyroidism (disorder) | hypothyroidism; underactive thyroid |
34486009 | Hyperthyroidism (disorder) | hyperthyroidism; overactive thyroid; thyrotoxicosis |
353295004 | Graves' disease (disorder) | Graves' disease; Graves disease |
21983002 | Hashimoto thyroiditis (disorder) | Hashimoto's thyroiditis; Hashimoto thyroiditis |
3716002 | Goiter (disorder) | goitre; goiter |
414916001 | Obesity (disorder) | obesity |
238136002 | Morbid obesity (disorder) | morbid obesity |
363732003 | Addison's disease (disorder) | Addison's disease; Addison disease |
47270006 | Hypercortisolism (disorder) | hypercortisolism |
66999008 | Hyperparathyroidism (disorder) | hyperparathyroidism |
64859006 | Osteoporosis (disorder) | osteoporosis |
237602007 | Metabolic syndrome X (disorder) | metabolic syndrome |
34713006 | Vitamin D deficiency (disorder) | vitamin D deficiency |
190634004 | Cobalamin deficiency (disorder) | vitamin B12 deficiency; cobalamin deficiency; B12 deficiency |
`;
