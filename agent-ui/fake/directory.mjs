/** A small invented directory: three levels, four categories, a city of three districts. */
const matters = {
  城市管理: {
    市政道路: ['路灯不亮', '路面破损', '井盖缺失', '道路积水', '护栏损坏', '人行道占用'],
    环境卫生: ['垃圾清运不及时', '公厕保洁', '道路遗撒', '建筑垃圾堆放', '垃圾分类投放点'],
    园林绿化: ['树木修剪', '树木倒伏', '绿地破坏', '病虫害防治'],
    市容秩序: ['占道经营', '违规广告牌', '共享单车乱停', '夜市噪声', '流动摊贩'],
  },
  住房物业: {
    物业服务: ['小区路灯不亮', '电梯故障', '物业费争议', '小区保洁不到位', '门禁故障', '消防通道占用'],
    供热: ['室内温度不达标', '暖气漏水', '供热停供', '热费争议'],
    房屋安全: ['外墙脱落', '屋面漏水', '违法建设', '群租房'],
  },
  交通出行: {
    公共交通: ['公交线路调整', '公交站牌破损', '地铁换乘', '出租车拒载', '网约车投诉'],
    停车管理: ['停车位不足', '停车收费争议', '违法停车', '充电桩被占'],
    交通设施: ['信号灯故障', '标志标线不清', '隔离栏设置'],
  },
  公共事业: {
    供水: ['停水', '水质发黄', '水管爆裂', '水费争议'],
    供电: ['停电', '电压不稳', '线路老化', '电费争议'],
    燃气: ['燃气泄漏', '停气', '燃气改造'],
  },
  社会保障: {
    医疗保险: ['医保报销咨询', '异地就医备案', '医保卡办理', '门诊慢特病'],
    养老服务: ['养老金发放', '养老驿站', '老年卡办理', '居家养老补贴'],
    劳动权益: ['拖欠工资', '工伤认定', '社保缴纳', '劳动合同争议'],
  },
  市场消费: {
    消费维权: ['预付卡退费', '网购纠纷', '价格欺诈', '假冒伪劣'],
    食品安全: ['餐饮卫生', '食物中毒', '过期食品'],
  },
}
const kinds = { 咨询: 'consultation' }

function items() {
  const out = []
  Object.entries(matters).forEach(([l1, seconds], a) =>
    Object.entries(seconds).forEach(([l2, thirds], b) =>
      thirds.forEach((l3, c) => {
        const two = (n) => String(n + 1).padStart(2, '0')
        const urgent = /泄漏|爆裂|中毒|脱落/.test(l3)
        out.push({
          code: `${two(a)}.${two(b)}.${String(c + 1).padStart(3, '0')}`,
          path: [l1, l2, l3],
          category: urgent ? 'emergency' : l3.includes(Object.keys(kinds)[0]) || /办理|备案|调整/.test(l3) ? 'consultation' : 'complaint',
          deadline_class: urgent ? 'H2' : /停|缺失|故障/.test(l3) ? 'H24' : 'D7',
          keywords: l3.includes('路灯') ? ['照明', '灯坏了'] : [],
        })
      }),
    ),
  )
  return out
}

const streets = { 东湖区: ['望湖街道', '柳林街道', '新桥街道'], 西岭区: ['古槐街道', '金顶街道', '西营街道'], 南苑区: ['和义街道', '红门街道'] }
const communities = ['第一社区', '第二社区', '第三社区', '幸福里社区']

function divisions() {
  const out = []
  Object.entries(streets).forEach(([district, names], a) => {
    const d = `9901${String(a + 1).padStart(2, '0')}000000`
    out.push({ code: d, name: district, parent: '' })
    names.forEach((street, b) => {
      const s = `9901${String(a + 1).padStart(2, '0')}${String(b + 1).padStart(3, '0')}000`
      out.push({ code: s, name: street, parent: d })
      communities.forEach((name, c) => out.push({ code: s.slice(0, 9) + String(c + 1).padStart(3, '0'), name: street.slice(0, 2) + name, parent: s }))
    })
  })
  return out
}

function units(all) {
  const street = all.filter((d) => d.code.endsWith('000') && !d.code.endsWith('000000')).map((d) => ({ code: `S${d.code.slice(4, 9)}`, name: d.name + '办事处', kind: 'subdistrict', division_code: d.code }))
  const bureaus = ['城市管理委', '住房城乡建设委', '交通委', '水务局', '人力社保局', '市场监管局', '园林绿化局'].map((name, i) => ({ code: `B0${i + 1}`, name: '市' + name, kind: 'department', division_code: '' }))
  const firms = ['自来水集团', '电力公司', '燃气集团', '热力集团'].map((name, i) => ({ code: `E0${i + 1}`, name: '市' + name, kind: 'soe', division_code: '' }))
  return [...street, ...bureaus, ...firms]
}

export function directory() {
  const d = divisions()
  return { version: 'fake-1', synthetic: true, items: items(), units: units(d), divisions: d }
}
