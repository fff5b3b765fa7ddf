/**
 * English words that change whether a finding is the patient's and present, as data. In the manner of NegEx and ConText
 * (trigger words, what only looks like one, and where their reach ends), written for clinic letters.
 */

export type CueKind =
  | 'allergy'
  | 'negated'
  | 'family'
  | 'other-person'
  | 'hypothetical'
  | 'uncertain'
  | 'planned'
  | 'past';

export interface Cue {
  kind: CueKind;
  /** Alternatives, lower case; a blank stands for any white space. Parts of a regular expression. */
  words: readonly string[];
  /** `sentence`: as far as a terminator or the sentence's end; `phrase`: not across a comma either. */
  reach: 'sentence' | 'phrase';
  /** Further words that end the reach of this cue. */
  until?: string;
}

export const RELATIVES =
  '(?:step|half|grand|great)?-?(?:grand)?(?:mother|father|brother|sister|sibling|parent|son|daughter|aunt|uncle|cousin|niece|nephew|mum|mom|dad|twin)s?';

/** Words that look like a cue but are none; what they cover is not searched for cues. */
export const NOT_CUES: readonly string[] = [
  'no (?:significant |further |real |major |acute |interval |appreciable )?(?:increase|decrease|change|worsening|improvement|deterioration|progression|difference)s?',
  'without (?:any )?(?:significant )?(?:increase|change|worsening|improvement|difficulty|delay|doubt)',
  'no (?:doubt|question|delay|more than|less than|later than|sooner|response to|relief (?:of|from)|reason to doubt)',
  'not only',
  "(?:not|(?:could|can|did|does)n[’']t|unable to|cannot) (?:able to )?(?:walk|lie|sleep|work|eat|climb|exercise|stand|sit|mobili[sz]e|drive)\\w*",
  'never (?:fully )?recovered from',
  '(?:long[- ]?standing|chronic|ongoing|lifelong) (?:history|hx) of',
  '(?:mum|mom|mother|father|dad|parents?) (?:reports?|reported|says?|said)(?! to\\b| as\\b)(?: that)?(?: (?:he|she|they))?',
  'no longer(?! active)',
  'not (?:improving|improved|settling|settled|resolving|getting better|better)',
  'not (?:currently )?(?:on|receiving|having) (?:any |regular )?(?:treatment|medication|medications|therapy|tablets|drugs)(?: (?:for|against))?',
  "(?:\\d+|one|two|three|four|five|six|several|few|long|short|recent|current)[- /]?(?:\\d+|x)?[- ]?(?:hours?|days?|weeks?|wks?|months?|mths?|years?|yrs?|h|d|w|m|y)?[’']?[- ](?:history|hx|h/o)(?: of)?",
  'not limited to',
  'not necessarily',
  'not (?:well|adequately|optimally|yet fully|fully) controlled',
  'not (?:tolerat\\w+|respond\\w* to|adher\\w+|comply\\w*|compliant with|taking|take)',
  '(?:gram|coagulase|rhesus|rh|triple|double|her2|oestrogen receptor|estrogen receptor|er|hiv|culture|sero)[- ]negative',
  'no (?:medication|medications|treatment|therapy|drugs?|tablets?) (?:for|against)',
  'status post',
  '(?:lives?|living|stays?|staying|resides?) with (?:(?:his|her|their|the) )?\\w+',
  '(?:accompanied|brought(?: in)?|escorted|driven|cared for|looked after) by (?:(?:his|her|their|the) )?\\w+',
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
    kind: 'allergy',
    reach: 'sentence',
    words: [
      'allerg(?:y|ies|ic) (?:to|with)',
      '(?:allergic |adverse )reactions? (?:to|with|following|after)',
      '(?:intolerant|intolerance) (?:of|to)',
      'hypersensitiv\\w+ to',
    ],
  },
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
      'neg(?:ative)?\\.? (?:for|to)',
      'free (?:of|from)',
      '(?:absence|lack) of',
      'absent',
      "(?:not|never|(?:has|have|had|was|were|is|are)n[’']t) (?:(?:been|yet|ever|formally|previously|currently) )*diagnosed (?:with|as having)",
      'no (?:known |previous |prior |formal |past )?diagnos[ie]s of',
      'no longer any',
      'nothing to suggest',
      'no[- ]one',
      'asymptomatic (?:of|from|for)',
      'pertinent negatives?',
      'never (?:had|been diagnosed with|suffered(?: from)?|experienced|has had|any)',
      'never',
      "(?:has|have|had|did|does|do|was|were|is|are)(?: not|n[’']t) (?:had|have|having|got|show|reveal|demonstrate|display|exhibit|report|complain of|suffer from|experience|appear to have|seem to have|detect|find|identify|known to have|present with|meet criteria for)(?: any)?",
      '(?:cannot|could not) (?:detect|find|identify|demonstrate)',
      'not (?:had|have|due to|caused by|secondary to|consistent with|suggestive of|indicative of|thought to (?:be|have)|felt to (?:be|have)|known to have|a case of|diagnostic of|in keeping with|in|demonstrate|reveal|show|associated with)(?: any)?',
      'not',
      '(?:ruled|rules|ruling) out(?: for)?(?! by)',
      'excluded?(?: a)?(?! (?:from|by))',
      'excludes',
      'excluding',
      'fail(?:s|ed) to (?:reveal|show|demonstrate)',
      'unremarkable for',
      'rather than',
      'instead of',
      'resolved without',
    ],
    until: 'because|since (?:his|her|their|the|having|undergoing|starting)',
  },
  {
    kind: 'uncertain',
    reach: 'sentence',
    words: [
      "(?:cannot|can not|can[’']t|couldn[’']t|could not|not possible to|unable to|difficult to|hard to) (?:be )?(?:exclude|rule out|excluded|ruled out)",
      '(?:not|never) (?:been )?(?:excluded|ruled out)',
      '(?:to|and|please|will|need to|needs to|must) (?:rule out|exclude)',
      'rule[- ]out',
      'r/o',
      '(?:not certain|not sure|uncertain|unclear|unsure|unknown) (?:if|whether|about)?',
      'whether',
      '(?:probability|likelihood|chances?|odds) of',
      'query',
      // Of "the differential for the dyspnoea includes …" the dyspnoea is not what is in doubt.
      'differentials?(?: diagnos[ie]s)?(?! (?:for|of))',
      'differentials?(?: diagnos[ie]s)? (?:for|of)[^.;]{0,80}?(?:includ\\w+|is|are|would|remains|between|:)',
      'ddx',
      'consider(?:s|ed|ing|ation of)?',
      '(?:evaluate|assess|evaluation|assessment|investigate|investigated|investigation|test|tests|tested|testing|check|checked|checking|work-?up|look|stud(?:y|ies)|swabs?|serology) for',
      '(?:thinks|believes|convinced|suspects)(?: that)? (?:he|she|they) (?:has|have|had|is|was)',
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
      'suggestive of',
      'favou?r(?:s|ed|ing)?',
      'concern(?:ing|s|ed)? (?:for|about|of)',
      'worried about(?! (?:his|her|their))',
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
      'protect(?:ion)? (?:from|against)',
      '(?:screen|screened|screening) for',
      '(?:monitor|monitored|monitoring|watch|surveillance|vigilant) (?:for|out for)',
      '(?:call|return|re-?attend|come back|attend|seek help|see us|contact us)\\b[^.;]{0,40}\\b(?:if|for|with|in case)',
      '(?:warned|counselled|counseled|advised|informed|told|explained|educat\\w+|leaflet)(?: (?:him|her|them|the patient|patient|parents|the family))?(?: again| carefully)?(?: (?:about|of|on|regarding|against)| re:?)',
      '(?:vaccinat\\w+|immuni[sz]\\w+|vaccine|jab)(?: \\w+)? (?:against|for)',
      'unless',
      '(?:may|might|could|can) (?:later |still |eventually )?(?:develop|cause|lead to|result in|progress to|trigger)',
      '(?:side|adverse) effects?(?: \\w+){0,3}? (?:of|including|include|such as|like|are)',
      '(?:will|would) (?:i|he|she|they|it) (?:get|have|develop|need)',
      '(?:is|could|might|can) (?:it|this) be',
      '(?:asks?|asked|asking|wonders?|wondered|wondering|wants? to know|wanted to know|enquir\\w+|inquir\\w+)(?: me)?(?: (?:about|if|whether))',
      '(?:worried|worries|anxious|scared|frightened|afraid|fears?|feared) (?:that |in case )?(?:he|she|they|it|this)(?: (?:has|have|had|is|may|might|could|will))?(?: (?:have|be|develop|get))?',
      'complications such as',
      '(?:information|leaflets?|booklets?|support groups?|charity|website|helpline|guidance)(?: \\w+)? (?:on|about|for|regarding)',
      '(?:contra-?indicated|caution|avoided|not recommended) in',
      '(?:patients|people|those|adults|individuals|women|men|children) with',
      '(?:read|reading|heard|googled|googling|seen something|asking) about',
      'safety[- ]?net\\w*(?: advice)?(?: given)? (?:re:?|about|for|regarding)',
      'fear of',
      'afraid of',
      'potential(?:ly)?(?: for)?',
    ],
  },
  {
    kind: 'hypothetical',
    reach: 'sentence',
    words: [
      '(?:increased |increase in |high |higher |low |lower |elevated |reduced )?risks? (?:of|for)',
      'risk factors? for',
      'at risk (?:of|for|from)',
      '(?:prevent|prevents|preventing|prevention|prophylaxis)(?: (?:of|for|against))?',
      'prophylactic(?:ally)? (?:for|against)',
    ],
    // "stroke prevention given AF": the reason is present.
    until: 'given|in view of|because of|in light of',
  },
  {
    kind: 'planned',
    reach: 'sentence',
    words: [
      'plan(?:s|ned|ning)?(?: is)?(?: (?:for|to|a|an))?',
      '(?:scheduled|listed|booked|due|waiting list|waitlisted|candidate|consented|consent(?: \\w+){0,3}|unsuitable|referred|refer|referral|worked up|prepared|fit|suitable|indication) (?:for|to have|to undergo)',
      'awaits?(?:ing)?',
      'awaiting',
      'waiting (?:for|to have)',
      "(?:dna|dna[’']d|did not attend|failed to attend|missed)(?: (?:for|his|her|their|the))?",
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
      's/p',
      'used to (?:have|get|suffer from)',
      'once had',
      'cured of',
      'recovering from',
      '(?:past )?hx(?: of)?',
      '(?:no longer|not currently) active',
      'inactive',
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
      'f/h',
      // grandparents: MGM, PGF …
      '[mp]?g[mf](?= (?:had|has|with|died)|:| -)',
      'maternal(?:ly)?',
      'paternal(?:ly)?',
      `(?:his|her|their|the )?${RELATIVES}(?:[’']s)?`,
      `${RELATIVES} of (?:(?:the|this|our) )?(?:patient|pt)`,
      'runs in (?:the|his|her|their) family',
    ],
    until:
      '(?:and|while|whereas) (?:he|she|they|the patient|patient)|(?:the )?patient (?:himself|herself)?|he himself|she herself',
  },
  {
    kind: 'other-person',
    reach: 'sentence',
    words: [
      "(?:husband|wife|spouse|partner|boyfriend|girlfriend|friend|neighbou?r|colleague|flatmate|housemate|roommate|donor|classmate|co-?worker|carer|caregiver|fianc[ée]e?|foetus|fetus|dog|cat|(?:his|her|their) (?:baby|child|children|newborn|infant))(?: at (?:work|school|home|church))?(?:[’']s|[,(]?(?: ?[(]?(?:who|himself|herself|currently|recently|also))* (?:has|had|have|with|was diagnosed|is|suffers|suffered|died|tested(?: positive for)?|developed|caught))",
      '(?:contact|contacts|exposure|exposed) (?:with|to|of)',
    ],
  },
];
