/**
 * English words that change whether a finding is the patient's and present, as data. In the manner of NegEx and ConText
 * (trigger words, what only looks like one, and where their reach ends), written for clinic letters.
 */

export type CueKind = 'negated' | 'family' | 'other-person' | 'hypothetical' | 'uncertain' | 'planned' | 'past';

export interface Cue {
  kind: CueKind;
  /** Alternatives, lower case; a blank stands for any white space. Parts of a regular expression. */
  words: readonly string[];
  /** `sentence`: as far as a terminator or the sentence's end; `phrase`: not across a comma either. */
  reach: 'sentence' | 'phrase';
  /** Further words that end the reach of this cue. */
  until?: string;
}

const RELATIVES =
  '(?:step|half|grand|great)?-?(?:grand)?(?:mother|father|brother|sister|sibling|parent|son|daughter|aunt|uncle|cousin|niece|nephew|mum|mom|dad|twin)s?';

/** Words that look like a cue but are none; what they cover is not searched for cues. */
export const NOT_CUES: readonly string[] = [
  'no (?:significant |further |real |major |acute |interval |appreciable )?(?:increase|decrease|change|worsening|improvement|deterioration|progression|difference)s?',
  'without (?:any )?(?:significant )?(?:increase|change|worsening|improvement|difficulty|delay|doubt)',
  'no (?:doubt|question|delay|more than|less than|later than|sooner|response to|relief from|reason to doubt)',
  'not only',
  'no longer',
  'not limited to',
  'not necessarily',
  'not (?:well|adequately|optimally|yet fully|fully) controlled',
  'not (?:tolerat\\w+|respond\\w* to|adher\\w+|comply\\w*|compliant with|taking|take)',
  '(?:gram|coagulase|rhesus|rh|triple|double|her2|oestrogen receptor|estrogen receptor|er|hiv|culture|sero)[- ]negative',
  'no (?:medication|medications|treatment|therapy|drugs?|tablets?) (?:for|against)',
  'status post',
  '(?:lives?|living|stays?|staying|resides?) with (?:(?:his|her|their|the) )?\\w+',
  '(?:accompanied|brought in|escorted|driven|cared for|looked after) by (?:(?:his|her|their|the) )?\\w+',
  `(?:according to|discussed with|spoke (?:to|with)|history from|collateral from|carer for|cares for) (?:(?:his|her|their|the) )?${RELATIVES}`,
  `(?:his|her|their|the) ${RELATIVES} (?:reports?|reported|says|said|states?|stated|notes|noticed|noted|thinks|is (?:worried|concerned) about|gave|gives)(?: that (?:he|she|they))?`,
  '(?:ward|charge|nursing) sister',
  'sister mary joseph',
  'small for (?:dates|gestational age)',
  'likely (?:to (?:be )?well)',
];

/** Cues before a finding. The longest match at a place wins. */
export const CUES_BEFORE: readonly Cue[] = [
  {
    kind: 'negated',
    reach: 'sentence',
    words: [
      'no (?:clear |definite |clinical |radiological |obvious |current |objective |convincing )?(?:evidence|signs?|features?|symptoms?|suggestion|suspicion|indication|history|record|complaints?|finding|findings) (?:of|for|to suggest|suggestive of|suggesting|that)',
      'no (?:known|personal|past|previous|prior|other|associated|obvious|current)',
      'nor',
      'no',
      'neither',
      'nil(?: of)?',
      'denies(?: (?:any|having|ever having|all))?',
      'denied(?: (?:any|having|ever having))?',
      'denying',
      'without (?:any )?(?:evidence of|signs? of|features of|history of)?',
      'without',
      'negative (?:for|to)',
      'free (?:of|from)',
      '(?:absence|lack) of',
      'absent',
      'never (?:had|been diagnosed with|suffered(?: from)?|experienced|has had|any)',
      'never',
      "(?:has|have|had|did|does|do|was|were|is|are)(?: not|n[’']t) (?:had|have|got|show|reveal|demonstrate|display|exhibit|report|complain of|suffer from|experience|appear to have|seem to have|detect|find|identify|known to have|present with|meet criteria for)(?: any)?",
      '(?:cannot|could not) (?:detect|find|identify|demonstrate)',
      'not (?:had|have|due to|caused by|secondary to|consistent with|suggestive of|indicative of|thought to (?:be|have)|felt to (?:be|have)|known to have|a case of|diagnostic of|in keeping with|in|demonstrate|reveal|show|associated with)(?: any)?',
      'not',
      '(?:ruled|rules|ruling) out(?: for)?',
      'excluded?(?: a)?(?! from)',
      'excludes',
      'excluding',
      'fail(?:s|ed) to (?:reveal|show|demonstrate)',
      'unremarkable for',
      'rather than',
      'instead of',
      'resolved without',
    ],
    until: 'because',
  },
  {
    kind: 'uncertain',
    reach: 'sentence',
    words: [
      '(?:cannot|can not|could not|not possible to|unable to|difficult to|hard to) (?:be )?(?:exclude|rule out|excluded|ruled out)',
      '(?:not|never) (?:been )?(?:excluded|ruled out)',
      '(?:to|and|please|will|need to|needs to|must) (?:rule out|exclude)',
      'rule[- ]out',
      'r/o',
      '(?:not certain|not sure|uncertain|unclear|unsure|unknown) (?:if|whether|about)?',
      'whether',
      'query',
      // Of "the differential for the dyspnoea includes …" the dyspnoea is not what is in doubt.
      'differentials?(?: diagnos[ie]s)?(?! (?:for|of))',
      'differentials?(?: diagnos[ie]s)? (?:for|of)[^.;]{0,80}?(?:includ\\w+|is|are|would|remains|between|:)',
      'ddx',
      'consider(?:s|ed|ing|ation of)?',
      '(?:evaluate|assess|evaluation|assessment|investigate|investigated|investigation|test|tested|testing|work-?up|look) for',
    ],
  },
  {
    kind: 'uncertain',
    reach: 'phrase',
    words: [
      'possible',
      'possibly',
      'probable',
      'probably',
      'likely',
      'unlikely(?: to (?:be|have|represent))?',
      'presumed',
      'presumptive',
      'suspect(?:s|ed)?',
      'suspicion (?:of|for)',
      'suspicious (?:of|for)',
      'question of',
      'concern(?:ing|s|ed)? (?:for|about|of)',
      'worried about',
      '(?:may|might|could) (?:well )?(?:have|be|represent|indicate|suggest|reflect)',
      'versus',
      'vs\\.?',
      'doubt(?:ful)?',
      'equivocal for',
    ],
  },
  {
    kind: 'hypothetical',
    reach: 'sentence',
    words: [
      'if',
      'should (?:he|she|they|the patient|you|there|symptoms|this) (?:develop|have|get|experience|become|be)?',
      'in (?:the )?(?:case|event) of',
      '(?:increased |increase in |high |higher |low |lower |elevated |reduced )?risks? (?:of|for)',
      'risk factors? for',
      'at risk (?:of|for|from)',
      '(?:prevent|prevents|preventing|prevention|prophylaxis)(?: (?:of|for|against))?',
      'prophylactic(?:ally)? (?:for|against)',
      'protect(?:ion)? (?:from|against)',
      '(?:screen|screened|screening) for',
      '(?:monitor|monitored|monitoring|watch|surveillance|vigilant) (?:for|out for)',
      '(?:call|return|re-?attend|come back|attend|seek help|see us|contact us)\\b[^.;]{0,40}\\b(?:if|for|with|in case)',
      '(?:warned|counselled|counseled|advised|informed|told|explained|educat\\w+|leaflet)(?: (?:him|her|them|the patient|patient|parents|the family))?(?: again| carefully)? (?:about|of|on|regarding|against)',
      '(?:vaccinat\\w+|immuni[sz]\\w+|vaccine|jab)(?: \\w+)? (?:against|for)',
      'unless',
      '(?:may|might|could|can) (?:later |still |eventually )?(?:develop|cause|lead to|result in|progress to|trigger)',
      '(?:side|adverse) effects?(?: \\w+){0,3}? (?:of|including|include|such as|like|are)',
      'fear of',
      'afraid of',
      'potential(?:ly)?(?: for)?',
    ],
  },
  {
    kind: 'planned',
    reach: 'sentence',
    words: [
      'plan(?:s|ned|ning)?(?: is)?(?: (?:for|to|a|an))?',
      '(?:scheduled|listed|booked|due|waiting list|waitlisted|candidate|consented|consent|referred|refer|referral|worked up|prepared|fit|suitable|indication) (?:for|to have|to undergo)',
      'awaits?(?:ing)?',
      'awaiting',
      'waiting (?:for|to have)',
      'will (?:need|require|undergo|have|be|proceed|get|organi[sz]e|arrange|request|book|do|perform|go ahead)',
      'would (?:benefit from|like|need|require|recommend|suggest|be)',
      '(?:recommend|recommends|recommended|recommending|suggest|suggests|suggested|advise|advises|advised|propose|proposes|proposed|offer|offers|offered|discuss|discussed|discussing|arrange|arranged|arranging|organi[sz]e|organi[sz]ed|request|requested|requesting|order|ordered|book|refer|declines?|declined|refuses?|refused)',
      '(?:needs?|requires?|needing|requiring|to have|to undergo|to get|going to have|proceed to|proceed with|upcoming|forthcoming|pending|eligible for|considered for|for (?:elective|urgent|possible|consideration of))',
    ],
  },
  {
    kind: 'past',
    reach: 'phrase',
    words: [
      '(?:past |previous |prior |remote |known )?(?:medical )?history of',
      'h/o',
      'hx of',
      'previous(?:ly)?',
      'prior',
      'resolved',
      'former',
      'childhood',
      '(?:recovered|recovery) from',
    ],
  },
  {
    kind: 'family',
    reach: 'sentence',
    words: [
      '(?:strong |positive |significant |no |known )?family (?:medical )?(?:history|hx)(?: (?:of|for|is|includes|notable for|significant for|positive for))?',
      'f(?:am)?hx',
      'fh(?:x)?(?=:| of| is| pos)',
      '(?:first|second)[- ]degree relatives?',
      'relatives?',
      'maternal(?:ly)?',
      'paternal(?:ly)?',
      `(?:his|her|their|the )?${RELATIVES}(?:[’']s)?`,
      'runs in (?:the|his|her|their) family',
    ],
    until:
      '(?:and|while|whereas) (?:he|she|they|the patient|patient)|(?:the )?patient (?:himself|herself)?|he himself|she herself',
  },
  {
    kind: 'other-person',
    reach: 'sentence',
    words: [
      '(?:husband|wife|spouse|partner|boyfriend|girlfriend|friend|neighbou?r|colleague|flatmate|housemate|roommate|donor)(?: (?:who|currently|recently))? (?:has|had|have|with|was diagnosed|is|suffers|suffered|died|tested)',
      '(?:contact|contacts|exposure|exposed) (?:with|to|of)',
    ],
  },
];

/** Cues right after a finding: what may stand between it and the cue is part of the expression. */
export const CUES_AFTER: readonly { kind: CueKind; pattern: RegExp }[] = [
  {
    kind: 'uncertain',
    pattern:
      /^[^.;,\n]{0,30}?\b(?:(?:cannot|can ?not|could not) be (?:excluded|ruled out)|not (?:been |yet )?(?:excluded|ruled out)|(?:is|are|was|were|seems?|remains?|appears?) (?:also )?(?:possible|probable|likely|unlikely|suspected|unclear|uncertain|questionable|less likely)|suspected|unlikely|less likely)\b/iu,
  },
  { kind: 'uncertain', pattern: /^\s*(?:\(\?\)|\?|(?:vs\.?|versus)\s)/iu },
  {
    kind: 'negated',
    pattern:
      /^(?:[\s:=–—-]*|[^.;,\n]{0,30}?\s)(?:(?:(?:has|have|had) (?:now )?been|was|were|is|are|been)\s+(?:\w+ly )?(?:ruled out|excluded|absent|negative|denied|disproved|refuted)|ruled out|not (?:present|seen|detected|found|identified|demonstrated|noted|evident|observed|confirmed|elicited|felt|heard|performed|done|indicated|carried out|undertaken)|(?:is|was|are|were) not|(?:was |is |were )?denied|absent|nil\b)/iu,
  },
  {
    kind: 'negated',
    pattern:
      /^(?:\s*[:=–—-]\s*|\s+(?:(?:test|screen|swab|serology|pcr)\s+)?(?:is |was |were |came back )?)(?:no|none|nil|neg|negative|absent|denies|denied|excluded|\(-\)|0)(?=$|[\s.,;)\n])/iu,
  },
  {
    kind: 'hypothetical',
    pattern:
      /^[\s-]+(?:prophylaxis|screening|screen|screens|risk|risks|prevention|precautions?|vaccin\w+|immuni[sz]ation|jab|awareness|leaflet|education)\b/iu,
  },
  {
    kind: 'hypothetical',
    pattern:
      /^[^.;,\n]{0,25}?\b(?:would be|could (?:occur|develop|recur)|may (?:occur|develop|recur)|might (?:occur|develop|recur))\b/iu,
  },
  { kind: 'hypothetical', pattern: /^\s*(?:if|unless)\b/iu },
  {
    kind: 'planned',
    pattern:
      /^[^.;\n]{0,40}?\b(?:(?:is|are|was|were|has been|to be|being|will be) (?:\w+ly )?(?:planned|scheduled|booked|arranged|organi[sz]ed|requested|recommended|declined|refused|pending|postponed|deferred|cancelled|canceled|awaited|discussed|offered|considered|done|performed next)|planned|scheduled for|booked|awaited|pending|postponed|deferred|cancelled|canceled|declined|next (?:week|month|year)|tomorrow|in the (?:new year|coming \w+)|to follow)\b/iu,
  },
  {
    kind: 'family',
    pattern: new RegExp(
      `^[^.;\\n]{0,40}?\\b(?:in|affecting|on)\\s+(?:(?:his|her|their|the|a|both|one|several|two)\\s+)*(?:(?:maternal|paternal|older|younger|elder|late)\\s+)*(?:${RELATIVES}|family|relatives?)\\b|^[^.;\\n]{0,20}?\\b(?:runs in (?:the|his|her|their) family|\\((?:${RELATIVES})\\))|^\\s*[-–:(,]?\\s*(?:maternal|paternal)\\b`,
      'iu',
    ),
  },
  { kind: 'past', pattern: /^[^.;,\n]{0,20}?\b(?:has |have |had |now |fully |completely )*resolved\b/iu },
];

/** Ends what a cue before it reaches. */
export const TERMINATORS =
  'but|however|although|though|except(?: for)?|apart from|aside from|other than|yet|nevertheless|whereas|still|otherwise|now has|now with|with (?:a )?(?:known|history of|background of)|(?:on|against) a background of|known (?:to have|with|case of)|diagnosed with|treated for|presents? with|presented with|presenting with|complains? of|complained of|reports|reported|endorses|admits(?: to)?|positive for|(?:he|she|they|patient|and|which|who|,) (?:has|have|had|is|was|does have|did have|developed|reports|shows|showed|suffers from)(?! (?:not|no|never))|remains|reveals|revealed|confirmed|confirms|shows|showed';

/** A relative's finding is still the relative's after these; only these end a family cue. */
export const FAMILY_TERMINATORS =
  ', ?present(?:s|ed) with|but|however|whereas|although|the patient|our patient|patient has|he himself|she herself|he is himself|(?:and|,|;) (?:he|she|they) (?:has|have|is|are)|i (?:reviewed|saw|examined)|on examination';

/** Words in a term that say it is itself the absence of something: then such a word in the text is part of the finding. */
export const NEGATIVE_TERM =
  /\b(?:no|not|never|without|absent|absence|negative|unable|lack|nil|non|un\w+|denied|excluded)\b/iu;
