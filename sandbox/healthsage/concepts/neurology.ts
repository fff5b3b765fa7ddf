/** Brain, nerves and mind. One concept a line: code | fully specified name | synonyms | abbreviations (case matters). */
export const NEUROLOGY = `
84757009 | Epilepsy (disorder) | epilepsy |
37796009 | Migraine (disorder) | migraine |
398057008 | Tension-type headache (disorder) | tension-type headache; tension headache |
24700007 | Multiple sclerosis (disorder) | multiple sclerosis |
49049000 | Parkinson's disease (disorder) | Parkinson's disease; Parkinson disease |
26929004 | Alzheimer's disease (disorder) | Alzheimer's disease; Alzheimer disease |
52448006 | Dementia (disorder) | dementia |
86044005 | Amyotrophic lateral sclerosis (disorder) | amyotrophic lateral sclerosis | ALS
57406009 | Carpal tunnel syndrome (disorder) | carpal tunnel syndrome |
193093009 | Bell's palsy (disorder) | Bell's palsy; Bell palsy |
31681005 | Trigeminal neuralgia (disorder) | trigeminal neuralgia |
302226006 | Peripheral nerve disease (disorder) | peripheral neuropathy |
7180009 | Meningitis (disorder) | meningitis |
2776000 | Delirium (disorder) | delirium |
13445001 | Ménière's disease (disorder) | Ménière's disease; Ménière disease |
32914008 | Restless legs (disorder) | restless legs syndrome; restless legs |
193462001 | Insomnia (disorder) | insomnia |
35489007 | Depressive disorder (disorder) | depression; depressive disorder |
370143000 | Major depressive disorder (disorder) | major depressive disorder; major depression | MDD
197480006 | Anxiety disorder (disorder) | anxiety disorder |
21897009 | Generalized anxiety disorder (disorder) | generalised anxiety disorder; generalized anxiety disorder | GAD
13746004 | Bipolar disorder (disorder) | bipolar disorder |
58214004 | Schizophrenia (disorder) | schizophrenia |
47505003 | Posttraumatic stress disorder (disorder) | post-traumatic stress disorder; posttraumatic stress disorder | PTSD
406506008 | Attention deficit hyperactivity disorder (disorder) | attention deficit hyperactivity disorder | ADHD
50582007 | Hemiplegia (disorder) | hemiplegia |
`;
