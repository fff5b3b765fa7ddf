/** Tumours and blood cancers. One concept a line: code | fully specified name | synonyms | abbreviations (case matters). */
export const ONCOLOGY = `
254837009 | Malignant neoplasm of breast (disorder) | breast cancer; carcinoma of the breast; malignant neoplasm of breast |
363406005 | Malignant neoplasm of colon (disorder) | colon cancer; carcinoma of the colon; colonic carcinoma |
363351006 | Malignant tumor of rectum (disorder) | rectal cancer; carcinoma of the rectum |
363358000 | Malignant tumor of lung (disorder) | lung cancer; carcinoma of the lung |
254637007 | Non-small cell lung cancer (disorder) | non-small cell lung cancer; non-small cell lung carcinoma | NSCLC
254632001 | Small cell carcinoma of lung (disorder) | small cell lung cancer; small cell carcinoma of the lung; small cell lung carcinoma | SCLC
399068003 | Malignant tumor of prostate (disorder) | prostate cancer; carcinoma of the prostate |
363418001 | Malignant tumor of pancreas (disorder) | pancreatic cancer; carcinoma of the pancreas |
363443007 | Malignant tumor of ovary (disorder) | ovarian cancer; carcinoma of the ovary |
363354003 | Malignant tumor of cervix (disorder) | cervical cancer; carcinoma of the cervix |
363349007 | Malignant tumor of stomach (disorder) | gastric cancer; stomach cancer; carcinoma of the stomach |
399326009 | Malignant tumor of urinary bladder (disorder) | bladder cancer; carcinoma of the bladder |
109841003 | Liver cell carcinoma (disorder) | hepatocellular carcinoma; liver cell carcinoma | HCC
363518003 | Malignant tumor of kidney (disorder) | kidney cancer; renal cancer |
363478007 | Malignant tumor of thyroid gland (disorder) | thyroid cancer; thyroid carcinoma |
372244006 | Malignant melanoma (disorder) | malignant melanoma; melanoma |
254701007 | Basal cell carcinoma of skin (disorder) | basal cell carcinoma | BCC
118600007 | Malignant lymphoma (disorder) | lymphoma; malignant lymphoma |
118601006 | Non-Hodgkin's lymphoma (disorder) | non-Hodgkin's lymphoma; non-Hodgkin lymphoma | NHL
118599009 | Hodgkin's disease (disorder) | Hodgkin's lymphoma; Hodgkin lymphoma; Hodgkin's disease |
109989006 | Multiple myeloma (disorder) | multiple myeloma |
93143009 | Leukemia (disorder) | leukaemia |
91861009 | Acute myeloid leukemia (disorder) | acute myeloid leukaemia | AML
92814006 | Chronic lymphoid leukemia, disease (disorder) | chronic lymphocytic leukaemia; chronic lymphoid leukaemia | CLL
92818009 | Chronic myeloid leukemia (disorder) | chronic myeloid leukaemia | CML
94222008 | Metastatic malignant neoplasm to bone (disorder) | bone metastases; bone metastasis; osseous metastases |
94381002 | Metastatic malignant neoplasm to liver (disorder) | liver metastases; liver metastasis; hepatic metastases |
`;
